using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hangfire.Logging;

namespace Acme.Reviews;

/// <summary>One JSON object a line on stdout, `event` and `at` (ms since 1970) first. Logs go to stderr.</summary>
internal static class Line
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Say(string what, object? more = null)
    {
        var line = new JsonObject { ["event"] = what, ["at"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(more)?.AsObject() ?? []) line[name] = value?.DeepClone();
        lock (Console.Out) Console.Out.WriteLine(line.ToJsonString(Readable));
    }

    /// <summary>`where` is the page, the section or the command that would have shown something.</summary>
    public static void Error(string? where, Exception error) => Say("error", new
    {
        where, type = error.GetType().FullName, message = error.Message, inner = error.InnerException?.GetType().FullName,
        frame = error.StackTrace?.Split('\n').FirstOrDefault(x => x.Contains("Hangfire", StringComparison.Ordinal))?.Trim(),
    });
}

/// <summary>One command line: words, and `--name value` options that are known.</summary>
internal sealed partial class Arguments
{
    private static readonly string[] OfTheProcess = ["redis", "prefix", "level", "types", "transactions", "invisibility", "fetch-timeout", "log", "culture", "moved"];
    private static readonly string[] OfACommand =
    [
        "queue", "queues", "kind", "ms", "delay", "after", "on", "workers", "name", "seconds", "heartbeat", "server-timeout", "server-check",
        "poll", "cancel-check", "shutdown", "wait", "times", "pause", "port", "quiet", "repository", "range",
    ];
    private readonly List<string> words = [];
    private readonly Dictionary<string, string> given = [];

    public Arguments(string[] args, bool starting)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i].StartsWith("--", StringComparison.Ordinal) ? args[i][2..] : null;
            if (name == null) words.Add(args[i]);
            else if (!starting && OfTheProcess.Contains(name)) throw new ArgumentException($"Give {args[i]} when the process starts, not in a line of drive");
            else if (!OfTheProcess.Contains(name) && !OfACommand.Contains(name)) throw new ArgumentException($"Unknown option: {args[i]}");
            else if (i + 1 == args.Length) throw new ArgumentException($"No value for {args[i]}");
            else given[name] = args[++i];
        }
    }

    /// <summary>A word may stand in double quotes, to be empty or to hold blanks.</summary>
    public static string[] Split(string line) => WordPattern().Matches(line).Select(x => x.Value.Replace("\"", "", StringComparison.Ordinal)).ToArray();

    public bool Has(string name) => given.ContainsKey(name);
    public string? Maybe(string name) => given.GetValueOrDefault(name);
    public string Text(string name, string fallback) => given.GetValueOrDefault(name, fallback);
    public double Number(string name, double fallback) => Has(name) ? Parse(given[name], $"--{name}") : fallback;
    public int Count(string name, int fallback) => (int)Number(name, fallback);
    public TimeSpan Seconds(string name, double fallback) => TimeSpan.FromSeconds(Number(name, fallback));
    public string Word(int index, string what) => index < words.Count ? words[index] : throw new ArgumentException($"Missing: {what}");
    public string Word(int index, string what, string fallback) => index < words.Count ? words[index] : fallback;
    public double WordAsNumber(int index, string what) => Parse(Word(index, what), what);

    private static double Parse(string text, string what) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw new ArgumentException($"Not a number for {what}: {text}");

    [GeneratedRegex("(?:\"[^\"]*\"|[^\\s\"])+")]
    private static partial Regex WordPattern();
}

internal sealed class StderrLogs(LogLevel least) : ILogProvider, ILog
{
    public ILog GetLogger(string name) => this;

    public bool Log(LogLevel logLevel, Func<string>? messageFunc, Exception? exception = null)
    {
        if (logLevel < least) return false;
        if (messageFunc != null) Console.Error.WriteLine($"{logLevel}: {messageFunc()} {exception}");
        return true;
    }
}

/// <summary>Says what the server does with each job; a state just before its transaction commits.</summary>
internal sealed class Reporter : IServerFilter, IApplyStateFilter
{
    public void OnPerforming(PerformingContext context)
    {
        var call = InvocationData.SerializeJob(context.BackgroundJob.Job);
        Line.Say("performing", new { id = context.BackgroundJob.Id, server = context.ServerId, call.Type, call.Method, call.Arguments, call.Queue });
    }

    public void OnPerformed(PerformedContext context)
    {
        var error = context.Exception is JobPerformanceException wrapped ? wrapped.InnerException : context.Exception;
        Line.Say("performed", new { id = context.BackgroundJob.Id, result = context.Result?.ToString(), error = error?.GetType().FullName, error?.Message });
    }

    public void OnStateApplied(ApplyStateContext context, IWriteOnlyTransaction transaction) =>
        Line.Say("state", new { id = context.BackgroundJob.Id, from = context.OldStateName, to = context.NewState.Name, context.NewState.Reason });

    public void OnStateUnapplied(ApplyStateContext context, IWriteOnlyTransaction transaction) { }
}
