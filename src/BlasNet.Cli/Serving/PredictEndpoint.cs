using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Prediction;
using BlasNet.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace BlasNet.Cli.Serving;

/// <summary>POST /predict: a JSON object as <c>blasnet predict</c> takes it, or several, one after another; as many objects come back.</summary>
internal static class PredictEndpoint
{
    private const string Json = "application/json", JsonLines = "application/x-ndjson", Anything = "*/*";   // curl -d says that it is a form

    private static readonly JsonReaderOptions Several = new() { AllowMultipleValues = true };

    /// <param name="endpoints">Receive it.</param>
    /// <param name="sample">An example, for the description.</param>
    public static void Map(IEndpointRouteBuilder endpoints, string sample) => endpoints.MapPost("/predict", Predict)
        .Accepts<JsonObject>(Json, JsonLines, Anything)
        .Produces<JsonObject>(StatusCodes.Status200OK, Json, JsonLines)
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .WithOverloadResponse()
        .WithSummary("Predict")
        .WithDescription(
            $"Takes one JSON object, such as {sample}, or several, one a line; gives as many. A line that is no example becomes an object with 'error'.");

    private static async Task<IResult> Predict(HttpRequest request, [FromServices] BatchingEvaluator<string, string> model, CancellationToken aborted)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, aborted);
        try
        {
            List<string> examples = Split(body.GetBuffer().AsSpan(0, (int)body.Length));
            if (examples is [string only] && request.ContentType?.StartsWith(JsonLines, StringComparison.OrdinalIgnoreCase) != true)
                return Results.Text(await model.RunAsync(only, aborted), Json);

            return Results.Text(await PredictLines(examples, model, aborted), JsonLines);
        }
        catch (CommandException e)
        {
            return Results.Problem(e.Message, statusCode: StatusCodes.Status400BadRequest);
        }
    }

    // As many at a time as fit into the queue beside those of others. Only a request none of whose lines finds room is refused.
    private static async Task<string> PredictLines(List<string> examples, BatchingEvaluator<string, string> model, CancellationToken aborted)
    {
        var answers = new StringBuilder();
        var sent = new Queue<Task<string>>();
        foreach (string example in examples)
        {
            while (true)
            {
                try
                {
                    sent.Enqueue(model.RunAsync(example, aborted).AsTask());
                    break;
                }
                catch (QueueFullException) when (sent.Count > 0)
                {
                    await Append(sent.Dequeue());
                }
            }
        }

        while (sent.TryDequeue(out Task<string>? next))
            await Append(next);

        return answers.ToString();

        async Task Append(Task<string> answer)
        {
            string line;
            try
            {
                line = await answer;
            }
            catch (CommandException e)
            {
                line = JsonLine.Write(json => json.WriteString("error", e.Message));
            }

            answers.Append(line).Append('\n');
        }
    }

    private static List<string> Split(ReadOnlySpan<byte> body)
    {
        List<string> examples = [];
        try
        {
            var reader = new Utf8JsonReader(body, Several);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.StartObject)
                    throw new CommandException($"Each example must be a JSON object; the one at byte {reader.TokenStartIndex} is not.");

                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                examples.Add(StrictUtf8.Encoding.GetString(body[start..(int)reader.BytesConsumed]));
            }
        }
        catch (JsonException e)
        {
            throw new CommandException($"The body is not JSON: {e.Message}");
        }
        catch (DecoderFallbackException e)
        {
            throw new CommandException($"The body is not valid UTF-8: {e.Message}");
        }

        return examples.Count > 0 ? examples : throw new CommandException("The body is empty: a JSON object is expected.");
    }
}
