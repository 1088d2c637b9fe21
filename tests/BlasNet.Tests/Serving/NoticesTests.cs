using BlasNet.Tests.Kernels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BlasNet.Tests.Serving;

/// <summary>Notices go where they are wanted: to a handler, or to the loggers of a host that serves a model.</summary>
[Collection(GemmSettings.Name)]
public sealed class NoticesTests : IDisposable
{
    private readonly Action<string>? _before = Notices.Handler;

    [Fact]
    public void A_notice_goes_to_the_handler()
    {
        List<string> seen = [];
        Notices.Handler = seen.Add;
        Notices.Add("no library");

        Assert.Equal(["no library"], seen);
    }

    [Fact]
    public async Task A_host_that_serves_a_model_logs_notices_as_warnings()
    {
        Notices.Handler = null;
        var log = new Log();
        await Serve(log);
        Notices.Add("no library");

        Assert.Contains("BlasNet Warning no library", log.Lines);
    }

    [Fact]
    public async Task A_handler_that_the_application_has_set_stays()
    {
        List<string> seen = [];
        Notices.Handler = seen.Add;
        var log = new Log();
        await Serve(log);
        Notices.Add("no library");

        Assert.Equal(["no library"], seen);
        Assert.DoesNotContain(log.Lines, line => line.Contains("no library", StringComparison.Ordinal));
    }

    public void Dispose() => Notices.Handler = _before;

    private static async Task Serve(Log log)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(log);
        builder.Services.AddBlasNetModel<int, int>(_ => new StubModel());
        using IHost host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private sealed class Log : ILoggerProvider
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Logger(categoryName, Lines);

        public void Dispose()
        {
        }
    }

    private sealed class Logger(string category, List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines)
                lines.Add($"{category} {logLevel} {formatter(state, exception)}");
        }
    }
}
