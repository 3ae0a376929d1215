export const USAGE = `holdfast-hangfire check [url] [options]
  Looks through the data of a Hangfire.Redis.StackExchange for what is wrong. It only reads.
  url                 redis://[user:password@]host[:port][/database], rediss://… for TLS, or unix:///path?db=0.
                      Default: the environment variable REDIS_URL, which other users of the machine cannot see
  --prefix <text>     what every key begins with. Default: {hangfire}:
  --json              prints the report as JSON
  --jobs <n>          how many entries of each list of jobs it looks at. Default: 1000
  --scan <n>          about how many keys it goes through for what no list leads to. 0: none. Default: 20000
  --settle-ms <n>     how long what may be on its way gets before it is looked at again. Default: 1000
  --timeout-ms <n>    how long a connection and each answer of Redis may take. Default: 10000
  --client <name>     ioredis or redis. Default: the first one that is installed

holdfast-hangfire contract <module> --namespace <name> [options]
  Prints the C# interfaces and classes of the jobs that Node runs: those that the module exports, made by defineHangfireJob,
  whose type is an interface of the namespace.
  --namespace <name>  of the interfaces, such as Acme.Contracts
  --out <file>        writes there instead
  --no-nullable       leaves out the ? of classes, for C# before version 8
  --timeout-ms <n>    how long the module may take to load. Default: 30000

Exit codes: 0 nothing to do; 1 check has errors or warnings, or contract cannot express a definition; 2 bad use;
3 Redis cannot be reached, or refuses what check needs
`
