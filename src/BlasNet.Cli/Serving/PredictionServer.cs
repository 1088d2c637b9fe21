using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Prediction;
using BlasNet.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BlasNet.Cli.Serving;

/// <summary>A saved model as a web service.</summary>
/// <remarks>Nothing else in the command knows ASP.NET Core, whose assemblies are loaded when this class is used.</remarks>
internal static class PredictionServer
{
    /// <summary>Serves until it is asked to stop; requests that have been accepted are answered first.</summary>
    /// <exception cref="CommandException">The file is no model, or an address cannot be listened at.</exception>
    public static async Task Run(ServeOptions options, CommandContext context)
    {
        Predictor predictor = Predictor.Open(options.Model);
        await using WebApplication app = Build(predictor, options);
        try
        {
            await app.StartAsync();
        }
        catch (Exception e) when (e is IOException or FormatException or InvalidOperationException)
        {
            throw new CommandException($"--urls {options.Urls}: {e.Message}");
        }

        context.Error.WriteLine($"Serving {options.Model} at {string.Join(", ", app.Urls)}: POST /predict, GET /health, GET /openapi/v1.json. Ctrl-C ends it.");
        await context.Error.FlushAsync();
        var evaluator = app.Services.GetRequiredService<BatchingEvaluator<string, string>>();
        Task watching = options.Watches ? new ModelWatcher(options.Model, evaluator, context).Run() : Task.CompletedTask;
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (context.Cancellation.UnsafeRegister(static stop => ((TaskCompletionSource)stop!).SetResult(), stop))
            await stop.Task;

        await watching;
        await app.StopAsync();
    }

    private static WebApplication Build(Predictor predictor, ServeOptions options)
    {
        // No settings from files or the environment: the command line says it all.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(options.Urls);
        builder.Services.AddRouting();
        builder.Services.AddLogging();
        builder.Services.AddOpenApi(described => described.AddDocumentTransformer((document, _, _) =>
        {
            (document.Info.Title, document.Info.Version) = ("blasnet serve", CliApplication.Version);
            return Task.CompletedTask;
        }));
        builder.Services.AddSingleton<IHostLifetime, CommandLifetime>();
        builder.Services.AddBlasNetModel<string, string>(_ => predictor.ToBatchModel(), served =>
        {
            served.Batching = new BatchingOptions<string> { QueueLimit = options.QueueLimit, MaxBatchSize = options.MaxBatchSize };
            served.WarmUp = [predictor.Sample];
        });
        WebApplication app = builder.Build();
        app.MapOpenApi();
        app.MapHealthChecks("/health");
        PredictEndpoint.Map(app, predictor.Sample);
        return app;
    }

    /// <summary>Signals are the command's affair.</summary>
    private sealed class CommandLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
