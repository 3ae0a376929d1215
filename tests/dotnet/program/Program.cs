using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Acme.Reviews;
using Hangfire.Redis.StackExchange;

try
{
    var start = new Arguments(args, starting: true);
    var name = start.Word(0, "a command: versions, drive, serve, enqueue, recurring, lock, stats, show, delete, requeue");
    if (name == "versions")
    {
        Line.Say("versions", new { core = VersionOf<BackgroundJob>(), storage = VersionOf<RedisStorage>(), client = VersionOf<IDatabase>(), runtime = RuntimeInformation.FrameworkDescription });
        return 0;
    }

    CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = new CultureInfo(start.Text("culture", ""));
    using var commands = new Commands(start);
    if (name != "drive") return commands.Run(start);
    using var dashboard = start.Has("port") ? commands.OpenDashboard(start.Count("port", 0)) : null;
    Line.Say("driving", new { pid = Environment.ProcessId, dashboard = dashboard?.Url });
    return Drive(commands);
}
catch (Exception error)
{
    Line.Error(args.FirstOrDefault(), error);
    return error is ArgumentException ? 2 : 1;
}

// One command a line, one after the other; every line is answered by `done` or `error`. Starting .NET takes a second, a line takes none.
static int Drive(Commands commands)
{
    for (var line = 1; Console.In.ReadLine() is { } text; line++)
    {
        try
        {
            var arguments = new Arguments(Arguments.Split(text), starting: false);
            Line.Say("done", new { line, code = commands.Run(arguments) });
        }
        catch (Exception error)
        {
            Line.Say("error", new { line, where = text, type = error.GetType().FullName, message = error.Message });
        }
    }

    return 0;
}

// The assembly version of the client is always 2.0.0.0; Hangfire.Core has only that one.
static string? VersionOf<T>() =>
    typeof(T).Assembly.GetCustomAttribute<AssemblyFileVersionAttribute>()?.Version ?? typeof(T).Assembly.GetName().Version?.ToString();
