using System.Net;
using System.Net.Http.Json;
using BlasNet.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace BlasNet.Tests.Serving;

/// <summary>A model within ASP.NET Core.</summary>
public sealed class WebServiceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_posted_example_is_answered()
    {
        await using WebApplication app = await Start(new StubModel(factor: 3));
        HttpResponseMessage response = await Post(app.GetTestClient(), 7);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(21, await response.Content.ReadFromJsonAsync<int>(Cancellation));
    }

    [Fact]
    public async Task A_full_queue_is_status_503_with_the_time_to_retry_after()
    {
        var model = new StubModel { Waits = true };
        await using WebApplication app = await Start(model, new BatchingOptions<int> { Workers = 1, QueueLimit = 1 });
        HttpClient client = app.GetTestClient();
        Task<HttpResponseMessage> first = Post(client, 1);
        await model.AwaitBatch();
        var evaluator = app.Services.GetRequiredService<BatchingEvaluator<int, int>>();
        Task<int> second = evaluator.RunAsync(2, Cancellation).AsTask();
        HttpResponseMessage refused = await Post(client, 3);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Contains("QueueLimit", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        model.LetOneEnd();
        model.LetOneEnd();
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);
        Assert.Equal(2, await second);
    }

    [Fact]
    public async Task A_request_whose_client_has_gone_leaves_the_queue()
    {
        var model = new StubModel { Waits = true };
        await using WebApplication app = await Start(model, new BatchingOptions<int> { Workers = 1 });
        HttpClient client = app.GetTestClient();
        Task<HttpResponseMessage> first = Post(client, 1);
        await model.AwaitBatch();
        var evaluator = app.Services.GetRequiredService<BatchingEvaluator<int, int>>();
        using var source = new CancellationTokenSource();
        Task<HttpResponseMessage> second = client.PostAsJsonAsync("/ask", 2, source.Token);
        await Until(() => evaluator.QueueLength == 1);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await Until(() => evaluator.QueueLength == 0);

        model.LetOneEnd();
        await first;
        Assert.Equal([[1]], model.Batches);
    }

    [Fact]
    public async Task A_service_is_ready_from_the_end_of_its_warm_up_until_it_stops()
    {
        var model = new StubModel { Waits = true };
        await using WebApplication app = await Start(model, new BatchingOptions<int> { Workers = 1, MaxBatchSize = 1 }, warmUp: [5]);
        HttpClient client = app.GetTestClient();
        await model.AwaitBatch();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await Health());
        model.LetOneEnd();
        while (await Health() != HttpStatusCode.OK)
            await Task.Delay(1, Cancellation);

        app.Lifetime.StopApplication();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await Health());

        async Task<HttpStatusCode> Health() => (await client.GetAsync(new Uri("/health", UriKind.Relative), Cancellation)).StatusCode;
    }

    [Fact]
    public async Task Stopping_answers_the_requests_that_were_accepted()
    {
        var model = new StubModel { Waits = true };
        WebApplication app = Build(model, new BatchingOptions<int> { Workers = 1 }, [], builder => builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0"));
        await app.StartAsync(Cancellation);
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        Task<HttpResponseMessage> first = Post(client, 1);
        await model.AwaitBatch();
        Task<HttpResponseMessage> second = Post(client, 2);
        await Until(() => app.Services.GetRequiredService<BatchingEvaluator<int, int>>().QueueLength == 1);
        Task stop = app.StopAsync(Cancellation);
        await Until(() => app.Lifetime.ApplicationStopping.IsCancellationRequested);
        model.LetOneEnd();
        model.LetOneEnd();

        Assert.Equal(1, await (await first).Content.ReadFromJsonAsync<int>(Cancellation));
        Assert.Equal(2, await (await second).Content.ReadFromJsonAsync<int>(Cancellation));
        await stop;
        Assert.False(model.IsDisposed);
        await app.DisposeAsync();
        Assert.True(model.IsDisposed);
    }

    [Fact]
    public async Task A_request_that_comes_on_an_idle_connection_after_the_stop_is_answered_and_closes_it()
    {
        WebApplication app = Build(
            new StubModel(factor: 3), new BatchingOptions<int>(), [], builder => builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0"));
        await app.StartAsync(Cancellation);
        var address = new Uri(app.Urls.Single());
        using var connection = new HttpConnection(address, "/ask", "7");
        Assert.Equal(("21", false), connection.Ask());
        Task stop = app.StopAsync(Cancellation);
        await Until(() => !HttpConnection.IsListening(address));

        Assert.Equal(("21", true), connection.Ask());
        await stop;
        await app.DisposeAsync();
    }

    [Fact]
    public void Two_models_of_the_same_types_are_refused()
    {
        var services = new ServiceCollection();
        services.AddBlasNetModel<int, int>(_ => new StubModel());
        var error = Assert.Throws<InvalidOperationException>(() => services.AddBlasNetModel<int, int>(_ => new StubModel()));
        Assert.StartsWith("There is a model from Int32 to Int32 already.", error.Message, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> Start(StubModel model, BatchingOptions<int>? options = null, int[]? warmUp = null)
    {
        WebApplication app = Build(model, options ?? new BatchingOptions<int>(), warmUp ?? [], builder => builder.WebHost.UseTestServer());
        await app.StartAsync(Cancellation);
        return app;
    }

    private static WebApplication Build(StubModel model, BatchingOptions<int> options, int[] warmUp, Action<WebApplicationBuilder> serve)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        serve(builder);
        builder.Services.AddRouting();
        builder.Services.AddLogging();
        builder.Services.AddBlasNetModel<int, int>(_ => model, served => (served.Batching, served.WarmUp) = (options, warmUp));
        WebApplication app = builder.Build();
        app.MapBlasNetModel<int, int>("/ask");
        app.MapHealthChecks("/health");
        return app;
    }

    private static Task<HttpResponseMessage> Post(HttpClient client, int example) => client.PostAsJsonAsync("/ask", example, Cancellation);

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(1, Cancellation);
    }
}
