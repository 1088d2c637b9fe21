using System.Globalization;
using BlasNet.Serving;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Endpoints that ask models.</summary>
public static class BlasNetEndpointExtensions
{
    private const string ProblemJson = "application/problem+json";

    /// <summary>Maps POST of a request as JSON to the model's answer as JSON. A request whose client has gone leaves the queue.</summary>
    /// <typeparam name="TExample">As registered with <c>AddBlasNetModel</c>.</typeparam>
    /// <typeparam name="TResult">As registered with <c>AddBlasNetModel</c>.</typeparam>
    /// <param name="endpoints">The application.</param>
    /// <param name="pattern">Of the route.</param>
    public static RouteHandlerBuilder MapBlasNetModel<TExample, TResult>(this IEndpointRouteBuilder endpoints, string pattern)
        where TExample : notnull =>
        endpoints.MapPost(
            pattern,
            ([FromBody] TExample example, [FromServices] BatchingEvaluator<TExample, TResult> model, CancellationToken aborted) =>
                model.RunAsync(example, aborted))
            .WithOverloadResponse();

    /// <summary>Answers a <see cref="QueueFullException"/> of endpoints with status 503, a <c>Retry-After</c> of whole seconds, and problem details; OpenAPI
    /// documents say so.</summary>
    /// <param name="builder">An endpoint or a group.</param>
    public static TBuilder WithOverloadResponse<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.AddEndpointFilter(static async (context, next) =>
        {
            try
            {
                return await next(context);
            }
            catch (QueueFullException e)
            {
                int seconds = (int)Math.Clamp(Math.Ceiling(e.RetryAfter.TotalSeconds), 1, 3600);
                context.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                return Results.Problem(e.Message, statusCode: StatusCodes.Status503ServiceUnavailable, title: "The service is overloaded.");
            }
        });
        builder.Add(endpoint => endpoint.Metadata.Add(
            new ProducesResponseTypeMetadata(StatusCodes.Status503ServiceUnavailable, typeof(ProblemDetails), [ProblemJson])));
        return builder;
    }
}
