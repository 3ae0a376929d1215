// The types of @nestjs/graphql need it, for what makes classes of schema files: large, and not used here.
declare module 'ts-morph' {
  export type ClassDeclarationStructure = unknown
  export type EnumDeclarationStructure = unknown
  export type InterfaceDeclarationStructure = unknown
  export type MethodDeclarationStructure = unknown
  export type MethodSignatureStructure = unknown
  export type OptionalKind<T> = T
  export type ParameterDeclarationStructure = unknown
  export type PropertyDeclarationStructure = unknown
  export type PropertySignatureStructure = unknown
  export type SourceFile = unknown
  export type TypeAliasDeclarationStructure = unknown
}
