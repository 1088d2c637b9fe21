using System.Diagnostics;
using BlasNet.Serving;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BlasNet.AspNetCore;

/// <summary>A model within the host: is warmed up when that starts, and tells whether it can be asked.</summary>
/// <remarks>It does not stop the evaluator: the server stops first and waits for its requests, which need their answers. The evaluator goes with the
/// container, after all services.</remarks>
internal sealed partial class ServedModel<TExample, TResult>(
    BatchingEvaluator<TExample, TResult> evaluator, ServedModelOptions<TExample> options, IHostApplicationLifetime lifetime,
    ILogger<ServedModel<TExample, TResult>> logger)
    : BackgroundService, IHealthCheck
{
    private volatile bool _isWarm;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(Check());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.WarmUp.Count > 0)
        {
            long start = Stopwatch.GetTimestamp();
            await evaluator.WarmUpAsync(options.WarmUp, stoppingToken);
            LogWarm(options.Batching.Name, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        _isWarm = true;
    }

    private HealthCheckResult Check()
    {
        if (evaluator.IsClosed || lifetime.ApplicationStopping.IsCancellationRequested)
            return HealthCheckResult.Unhealthy("The service is stopping: it answers what it has accepted.");

        if (!_isWarm)
            return HealthCheckResult.Unhealthy("The model is being warmed up.");

        var data = new Dictionary<string, object> { ["queue_length"] = evaluator.QueueLength, ["queue_limit"] = evaluator.Options.QueueLimit };
        return HealthCheckResult.Healthy(data: data);
    }

    [LoggerMessage(LogLevel.Information, "Model {Name} is warm after {Seconds:F2} s.")]
    private partial void LogWarm(string name, double seconds);
}
