using System.Diagnostics;
using System.Linq.Expressions;
using System.Runtime.InteropServices;
using Hangfire.Redis.StackExchange;
using LogLevel = Hangfire.Logging.LogLevel;

namespace Acme.Reviews;

/// <summary>The commands of the program, on one storage. Each says lines and returns an exit code.</summary>
internal sealed class Commands : IDisposable
{
    private readonly ConnectionMultiplexer redis;
    private readonly JobStorage storage;
    private readonly JobStorageConnection connection;
    private readonly IBackgroundJobClient client;
    private Reporter? reporter;

    public Commands(Arguments start)
    {
        var address = ConfigurationOptions.Parse(start.Text("redis", "127.0.0.1:6379"));
        redis = ConnectionMultiplexer.Connect(address);
        Witness.Redis = redis.GetDatabase(address.DefaultDatabase ?? 0);

        GlobalConfiguration.Configuration
            .UseLogProvider(new StderrLogs(Enum.Parse<LogLevel>(start.Text("log", "Warn"), ignoreCase: true)))
            .SetDataCompatibilityLevel((CompatibilityLevel)start.Count("level", 180))
            .UseRecommendedSerializerSettings();
        if (start.Text("types", "simple") == "simple") GlobalConfiguration.Configuration.UseSimpleAssemblyNameTypeSerializer();

        if (start.Maybe("moved") is { } moved) MovedMethods.Use(moved);

        // Not `new RedisStorage`: only this adds the filter without which a lock that cannot be extended throws in a timer thread.
        GlobalConfiguration.Configuration.UseRedisStorage(redis, new RedisStorageOptions
        {
            Prefix = start.Text("prefix", RedisStorageOptions.DefaultPrefix),
            Db = address.DefaultDatabase ?? 0, // options that are given hide the database of the connection string
            UseTransactions = start.Text("transactions", "on") == "on",
            InvisibilityTimeout = start.Seconds("invisibility", 1800),
            FetchTimeout = start.Seconds("fetch-timeout", 180),
        });
        storage = JobStorage.Current;
        connection = (JobStorageConnection)storage.GetConnection();
        client = new BackgroundJobClient(storage);
    }

    public int Run(Arguments arguments) => arguments.Word(0, "a command") switch
    {
        "serve" => Serve(arguments),
        "enqueue" => Enqueue(arguments),
        "recurring" => Recurring(arguments),
        "lock" => Lock(arguments),
        "stats" => new Pages(storage, connection).Stats(),
        "show" => new Pages(storage, connection).Show(arguments.Word(1, "id of the job")),
        "delete" or "requeue" => Change(arguments.Word(0, ""), arguments.Word(1, "id of the job")),
        var other => throw new ArgumentException($"No such command: {other}"),
    };

    public Dashboard OpenDashboard(int port) => new(storage, port);

    public void Dispose()
    {
        connection.Dispose();
        redis.Dispose();
    }

    private int Change(string what, string id)
    {
        Line.Say(what, new { id, done = what == "delete" ? client.Delete(id) : client.Requeue(id) });
        return 0;
    }

    private int Serve(Arguments arguments)
    {
        if (reporter == null && !arguments.Has("quiet")) GlobalJobFilters.Filters.Add(reporter = new Reporter());
        var options = new BackgroundJobServerOptions
        {
            ServerName = arguments.Text("name", "dotnet"), WorkerCount = arguments.Count("workers", 2), Queues = arguments.Text("queues", "default").Split(','),
            HeartbeatInterval = arguments.Seconds("heartbeat", 30), ServerTimeout = arguments.Seconds("server-timeout", 300), ServerCheckInterval = arguments.Seconds("server-check", 300),
            SchedulePollingInterval = arguments.Seconds("poll", 15), CancellationCheckInterval = arguments.Seconds("cancel-check", 5), ShutdownTimeout = arguments.Seconds("shutdown", 15),
        };
        using (new BackgroundJobServer(options, storage))
        {
            Line.Say("started", new { name = options.ServerName, options.Queues, options.WorkerCount, pid = Environment.ProcessId });
            WaitForTheEnd(arguments);
        }

        Line.Say("stopped");
        return 0;
    }

    private static void WaitForTheEnd(Arguments arguments)
    {
        using var stop = new ManualResetEventSlim();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Set();
        }

        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        stop.Wait(arguments.Has("seconds") ? arguments.Seconds("seconds", 0) : Timeout.InfiniteTimeSpan);
    }

    private int Enqueue(Arguments arguments)
    {
        var count = (int)arguments.WordAsNumber(1, "how many");
        var kind = arguments.Text("kind", "log");
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var job = JobOf(kind, i, arguments);
            IState state = arguments.Maybe("after") is { } parent ? new AwaitingState(parent, new EnqueuedState(), Finished(arguments.Text("on", "succeeded")))
                : arguments.Has("delay") ? new ScheduledState(arguments.Seconds("delay", 0))
                : new EnqueuedState();
            var id = client.Create(job, state);
            if (!arguments.Has("quiet")) Line.Say("created", new { id, kind, job.Queue });
        }

        Line.Say("enqueued", new { count, ms = Stopwatch.GetElapsedTime(began).TotalMilliseconds });
        return 0;
    }

    private static JobContinuationOptions Finished(string on) => on switch
    {
        "any" => JobContinuationOptions.OnAnyFinishedState,
        "succeeded" => JobContinuationOptions.OnlyOnSucceededState,
        "deleted" => JobContinuationOptions.OnlyOnDeletedState,
        _ => throw new ArgumentException($"--on any, succeeded or deleted, not {on}"),
    };

    private static Job JobOf(string kind, int number, Arguments arguments)
    {
        // Without --queue the job names no queue, as with the overloads that take none.
        Job Call<T>(Expression<Action<T>> method) => Job.FromExpression(method, arguments.Maybe("queue"));
        Job CallAsync<T>(Expression<Func<T, Task>> method) => Job.FromExpression(method, arguments.Maybe("queue"));

        var text = $"message {number}";
        var ms = arguments.Count("ms", 100);
        var review = new Guid(number + 1, 0, 0, new byte[8]);
        var options = new ReviewOptions { Model = "gpt", Deadline = new DateTime(2025, 1, 2, 3, 4, 5, DateTimeKind.Utc), Tags = ["a", "b"] };
        var at = new DateTime(2025, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc);
        var map = new Dictionary<string, int> { ["one"] = 1 };
        return kind switch
        {
            "log" => Call<AiReviewJobs>(x => x.Log(text)),
            "add" => Call<AiReviewJobs>(x => x.Add(number, 1, null)),
            "review" => CallAsync<AiReviewJobs>(x => x.ProcessReviewAsync(review, "acme/web", number, options, CancellationToken.None)),
            "kinds" => Call<AiReviewJobs>(x => x.Kinds(review, "zażółć \"q\"", number, 7, DayOfWeek.Friday, at, new DateTimeOffset(at).ToOffset(TimeSpan.FromHours(2)), TimeSpan.FromSeconds(90),
                9007199254740993, 12.30m, 0.1, true, new byte[] { 1, 2, 255 }, options, options.Tags, map, options, CancellationToken.None, null)),
            "nulls" => Call<AiReviewJobs>(x => x.Kinds(Guid.Empty, null, 0, null, DayOfWeek.Sunday, default, default, default, 0, 0, 0, false, null, null, null, null, null, CancellationToken.None, null)),
            "fail" => Call<AiReviewJobs>(x => x.FastFail("boom")),
            "failed" => Call<AiReviewJobs>(x => x.FailForGood("boom")),
            "critical" => Call<AiReviewJobs>(x => x.Critical(text)),
            "empty" => Call<AiReviewJobs>(x => x.Empty()),
            "exclusive" => Call<AiReviewJobs>(x => x.Exclusive(ms)),
            "account" => Call<AiReviewJobs>(x => x.ForAccount("A1", ms)),
            "nested" => Call<Batch<List<Guid>>.Step>(x => x.Run(ms)),
            "sleep" => Call<AiReviewJobs>(x => x.Sleep(ms, CancellationToken.None)),
            "node" => CallAsync<INodeReviewJobs>(x => x.Review(review, "acme/web", null)),
            "node-kinds" => Call<INodeKinds>(x => x.Kinds(review, "zażółć \"q\"", number, 7, DayOfWeek.Friday, at, new DateTimeOffset(at).ToOffset(TimeSpan.FromHours(2)), TimeSpan.FromSeconds(90),
                9007199254740993, 12.30m, 0.1, true, new byte[] { 1, 2, 255 }, options, options.Tags, map, options, CancellationToken.None, null)),
            "node-nulls" => Call<INodeKinds>(x => x.Kinds(Guid.Empty, null, 0, null, DayOfWeek.Sunday, default, default, default, 0, 0, 0, false, null, null, null, null, null, CancellationToken.None, null)),
            "witnessed" => Call<AiReviewJobs>(x => x.Witnessed(arguments.Text("name", text), ms)),
            "node-witness" => Call<INodeWitness>(x => x.Run(arguments.Text("name", text), ms)),
            "contracted" => CallAsync<Acme.Live.INodeReviews>(x => x.Review(review, "acme/web", new Acme.Live.ReviewOptions { Model = "gpt", Severity = Acme.Live.Severity.High, Tags = options.Tags }, CancellationToken.None)),
            "demo-review" => CallAsync<AIReview.Contracts.IReviewJobs>(x => x.Review(arguments.Text("repository", ""), arguments.Text("range", ""), CancellationToken.None)),
            "queued" => CallAsync<INodeQueueJobs>(x => x.Review(review, CancellationToken.None)),
            _ => throw new ArgumentException($"No such kind: {kind}"),
        };
    }

    private int Recurring(Arguments arguments)
    {
        var manager = new RecurringJobManager(storage);
        switch (arguments.Word(1, "", "add"))
        {
            case "add":
                var paris = new RecurringJobOptions { TimeZone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris") };
                var ignorable = new RecurringJobOptions { MisfireHandling = MisfireHandlingMode.Ignorable };
                manager.AddOrUpdate<AiReviewJobs>("cleanup", x => x.Cleanup(), Cron.Daily(), new RecurringJobOptions());
                manager.AddOrUpdate<AiReviewJobs>("paris", x => x.Add(1, 2, null), "0 3 * * 1-5", paris);
                manager.AddOrUpdate<AiReviewJobs>("minutely", arguments.Text("queue", "default"), x => x.Log("minutely"), Cron.Minutely(), ignorable);
                break;
            case "trigger": Line.Say("triggered", new { job = manager.TriggerJob(arguments.Word(2, "id of the recurring job")) }); break;
            case "remove": manager.RemoveIfExists(arguments.Word(2, "id of the recurring job")); break;
            case "list": break;
            case var other: throw new ArgumentException($"recurring add, list, trigger or remove, not {other}");
        }

        foreach (var each in connection.GetRecurringJobs()) Line.Say("recurring", Pages.Describe(each));
        return 0;
    }

    private int Lock(Arguments arguments)
    {
        var resource = arguments.Word(1, "name of the lock");
        var hold = TimeSpan.FromSeconds(arguments.WordAsNumber(2, "seconds to hold it"));
        var timeouts = 0;
        for (var i = 0; i < arguments.Count("times", 1); i++)
        {
            try
            {
                var asked = Environment.TickCount64;
                using (connection.AcquireDistributedLock(resource, arguments.Seconds("wait", 15)))
                {
                    Line.Say("acquired", new { resource, waitedMs = Environment.TickCount64 - asked });
                    using (Witness.Enter(resource)) Thread.Sleep(hold); // the same thread: .NET remembers its locks by thread
                }

                Line.Say("released", new { resource });
            }
            catch (DistributedLockTimeoutException error)
            {
                timeouts++;
                Line.Say("timeout", new { resource, reported = error.Resource, error.Message });
            }

            Thread.Sleep(arguments.Seconds("pause", 0));
        }

        return timeouts == 0 ? 0 : 3;
    }
}
