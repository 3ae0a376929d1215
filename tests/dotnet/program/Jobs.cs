using System.Text.Json;

namespace Acme.Reviews;

public sealed class ReviewOptions
{
    public string? Model { get; set; }
    public int? MaxTokens { get; set; }
    public bool Deep { get; set; }
    public DateTime? Deadline { get; set; }
    public List<string>? Tags { get; set; }
}

/// <summary>Handled by Node only: .NET can enqueue, schedule, repeat and show it, but has no class for it.</summary>
public interface INodeReviewJobs
{
    Task Review(Guid reviewId, string repository, ReviewOptions? options);
}

/// <summary>The same with its own queue, no matter which side enqueues, requeues or retries it.</summary>
public interface INodeQueueJobs
{
    [Queue("node"), AutomaticRetry(Attempts = 2, DelaysInSeconds = new[] { 1 }, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    Task Review(Guid reviewId, CancellationToken token);
}

/// <summary>Every kind of parameter, for Node to read.</summary>
public interface INodeKinds
{
    [Queue("node")]
    void Kinds(Guid id, string? text, int number, int? maybe, DayOfWeek day, DateTime at, DateTimeOffset moment, TimeSpan span, long big, decimal money,
        double real, bool flag, byte[]? bytes, ReviewOptions? options, List<string>? list, Dictionary<string, int>? map, object? any, CancellationToken token, PerformContext? context);
}

/// <summary>As AiReviewJobs.Witnessed, in Node.</summary>
public interface INodeWitness
{
    [Queue("node")]
    void Run(string key, int milliseconds);
}

/// <summary>The jobs of the captured fixtures, with the same signatures, and some that a test can steer.</summary>
public class AiReviewJobs
{
    [AutomaticRetry(Attempts = 2, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    [DisableConcurrentExecution(timeoutInSeconds: 300)]
    public async Task ProcessReviewAsync(Guid reviewId, string repository, int pullRequest, ReviewOptions? options, CancellationToken token)
    {
        using var inside = Witness.Enter("review");
        for (var i = 0; i < 10; i++) await Task.Delay(20, token).ConfigureAwait(false);
        if (repository == "fail/me") throw new InvalidOperationException($"Review provider returned 503 for pull request {pullRequest} of {repository}");
    }

    public int Add(int left, int right, PerformContext? context) => left + right;
    public void Log(string message) => Line.Say("log", new { message });
    public void Cleanup() => Line.Say("cleanup");

    /// <summary>For what a job costs without its work.</summary>
    public void Empty() { }

    /// <summary>Says, and returns, what each argument became.</summary>
    public string Kinds(Guid id, string? text, int number, int? maybe, DayOfWeek day, DateTime at, DateTimeOffset moment, TimeSpan span, long big, decimal money,
        double real, bool flag, byte[]? bytes, ReviewOptions? options, List<string>? list, Dictionary<string, int>? map, object? any, CancellationToken token, PerformContext? context)
    {
        var got = new
        {
            id, text, number, maybe, day = day.ToString(), date = $"{at:O}", dateKind = at.Kind.ToString(), moment = $"{moment:O}", span = $"{span}", big, money, real, flag,
            bytes, options, list, map, any = any?.ToString(), anyType = any?.GetType().FullName, cancellable = token.CanBeCanceled, job = context?.BackgroundJob.Id,
        };
        Line.Say("kinds", got);
        return JsonSerializer.Serialize(got);
    }

    [AutomaticRetry(Attempts = 2, DelaysInSeconds = new[] { 1 }, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    public void FastFail(string message) => throw new InvalidOperationException(message);

    [AutomaticRetry(Attempts = 1, DelaysInSeconds = new[] { 1 })]
    public void FailForGood(string message) => throw new InvalidOperationException(message, new ArgumentException("inner"));

    [Queue("critical")]
    public void Critical(string message) => Line.Say("critical", new { message });

    [AutomaticRetry(Attempts = 0), DisableConcurrentExecution(timeoutInSeconds: 2)]
    public void Exclusive(int milliseconds) => Witness.Stay("exclusive", milliseconds);

    [DisableConcurrentExecution("account:{0}", 300)]
    public void ForAccount(string account, int milliseconds) => Witness.Stay($"account:{account}", milliseconds);

    /// <summary>Writes down that it began, and that it ended, outside Hangfire.</summary>
    public void Witnessed(string key, int milliseconds)
    {
        Witness.Redis!.ListRightPush($"began:{key}", Environment.ProcessId);
        Thread.Sleep(milliseconds);
        Witness.Redis!.ListRightPush($"ended:{key}", Environment.ProcessId);
    }

    /// <summary>Ends early when it is deleted, requeued or its server stops.</summary>
    public void Sleep(int milliseconds, CancellationToken token)
    {
        using (Witness.Enter("sleep")) token.WaitHandle.WaitOne(milliseconds);
        token.ThrowIfCancellationRequested();
    }
}

/// <summary>For the name of its lock: how nested and generic types are written there.</summary>
public class Batch<T>
{
    public class Step
    {
        [DisableConcurrentExecution(2)]
        public void Run(int milliseconds) => Witness.Stay("step", milliseconds);
    }
}

/// <summary>
/// Counts in Redis, outside Hangfire, who is inside: Node increments the same key, so each sees the other as `inside` above 1.
/// </summary>
internal sealed class Witness(string name) : IDisposable
{
    public static IDatabase? Redis { get; set; }

    public static Witness Enter(string name)
    {
        Line.Say("enter", new { name, inside = Redis!.StringIncrement($"witness:{name}") });
        return new Witness(name);
    }

    public static void Stay(string name, int milliseconds)
    {
        using (Enter(name)) Thread.Sleep(milliseconds);
    }

    public void Dispose() => Line.Say("leave", new { name, left = Redis!.StringDecrement($"witness:{name}") });
}
