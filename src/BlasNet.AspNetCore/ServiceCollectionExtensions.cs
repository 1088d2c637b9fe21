using BlasNet;
using BlasNet.AspNetCore;
using BlasNet.Serving;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers models that are served.</summary>
public static partial class BlasNetServiceCollectionExtensions
{
    /// <summary>The tag of the models' health checks.</summary>
    public const string ReadyTag = "ready";

    /// <summary>Registers a <see cref="BatchingEvaluator{TExample, TResult}"/> as a singleton, its warm-up when the host starts, and a health check with
    /// the tag <see cref="ReadyTag"/>: healthy from the end of the warm-up until the host stops. Then the server drains: it listens no more, answers
    /// each request that comes on the connections there are, and closes each of them with its answer. Notices of the library (<see cref="Notices"/>) go
    /// to the host's loggers, category BlasNet, unless the application has set a handler of its own.</summary>
    /// <typeparam name="TExample">A request. With <typeparamref name="TResult"/> it tells the model from others.</typeparam>
    /// <typeparam name="TResult">An answer.</typeparam>
    /// <param name="services">The application's.</param>
    /// <param name="create">Makes the model, once, when the host starts; it is disposed with the container. What it throws stops the host.</param>
    /// <param name="configure">Changes the options.</param>
    /// <exception cref="InvalidOperationException">There is a model of these types already.</exception>
    /// <example><code>
    /// builder.Services.AddBlasNetModel&lt;Question, Answer&gt;(
    ///     _ => Classifier.Load("model.safetensors"),
    ///     options => { options.Batching = new() { Name = "classifier", QueueLimit = 500 }; options.WarmUp = [new("It works.")]; });
    /// </code></example>
    public static IServiceCollection AddBlasNetModel<TExample, TResult>(
        this IServiceCollection services, Func<IServiceProvider, BatchModel<TExample, TResult>> create, Action<ServedModelOptions<TExample>>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(create);
        if (services.Any(service => service.ServiceType == typeof(BatchingEvaluator<TExample, TResult>)))
        {
            throw new InvalidOperationException(
                $"There is a model from {typeof(TExample).Name} to {typeof(TResult).Name} already. "
                + "Let the requests or answers of another one have types of their own.");
        }

        var options = new ServedModelOptions<TExample>();
        configure?.Invoke(options);
        services.AddSingleton(provider =>
        {
            LogNotices(provider);
            return new BatchingEvaluator<TExample, TResult>(create(provider), options.Batching);
        });
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<ServedModel<TExample, TResult>>(provider, options));
        services.AddHostedService(provider => provider.GetRequiredService<ServedModel<TExample, TResult>>());
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            options.Batching.Name, provider => provider.GetRequiredService<ServedModel<TExample, TResult>>(), HealthStatus.Unhealthy, [ReadyTag]));
        services.TryAddSingleton<Drain>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnectionListenerFactory, DrainingListenerFactory>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, DrainMiddleware>());
        return services;
    }

    // A handler that the application has set stays.
    private static void LogNotices(IServiceProvider provider)
    {
        if (Notices.Handler is null && provider.GetService<ILoggerFactory>()?.CreateLogger(Telemetry.Name) is { } logger)
            Notices.Handler = notice => LogNotice(logger, notice);
    }

    [LoggerMessage(LogLevel.Warning, "{Notice}")]
    private static partial void LogNotice(ILogger logger, string notice);
}
