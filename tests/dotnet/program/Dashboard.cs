using Hangfire.Dashboard;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Acme.Reviews;

/// <summary>Hangfire's own dashboard. It answers on loopback only, and to anyone there; a page that throws says an `error` line.</summary>
internal sealed class Dashboard : IDisposable
{
    private readonly WebApplication app;

    /// <param name="port">0: any that is free.</param>
    public Dashboard(JobStorage storage, int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddHangfire(_ => { });
        app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.Use(SayWhatThrows);
        app.UseHangfireDashboard("", new DashboardOptions { Authorization = [new LocalRequestsOnlyAuthorizationFilter()], IgnoreAntiforgeryToken = true }, storage);
        app.StartAsync().GetAwaiter().GetResult();
    }

    public string Url => app.Urls.First();

    public void Dispose() => app.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static async Task SayWhatThrows(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Line.Error(context.Request.Path, error);
            if (!context.Response.HasStarted) context.Response.StatusCode = 500;
            await context.Response.WriteAsync($"{error.GetType().FullName}: {error.Message}").ConfigureAwait(false);
        }
    }
}
