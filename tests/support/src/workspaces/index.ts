export { type Manifest, type Workspace, publishedIn, readManifest, workspacesIn } from './workspaces.ts'
