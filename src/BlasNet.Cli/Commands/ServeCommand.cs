using System.CommandLine;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Serving;

namespace BlasNet.Cli.Commands;

/// <summary><c>blasnet serve</c>.</summary>
internal static class ServeCommand
{
    private const string Description = """
        Serve a model that blasnet train --save has written: POST /predict takes the JSON objects of blasnet predict, one or several, and gives as many;
        requests that wait are computed together. GET /health says whether the model is ready, GET /openapi/v1.json describes the service.

        With more requests waiting than --queue, the rest is refused at once: status 503 with Retry-After. Ctrl-C or SIGTERM ends the service when it has
        answered what it accepted.

        Examples:
          blasnet serve tagger.safetensors --port 8080
          curl localhost:8080/predict -d '{"words": ["It", "works"]}'
        """;

    public static Command Create(CommandContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "The file that train --save has written." };
        Option<int> port = CliOptions.Integer("--port", "To listen at on this machine; 0 for one that is free.", byDefault: 8080, 0, ushort.MaxValue);
        var urls = new Option<string?>("--urls")
        {
            Description = "Addresses to listen at instead, such as http://*:80, separated by semicolons.",
            HelpName = "URLS",
        };
        Option<int> queue = CliOptions.Integer("--queue", "How many requests may wait.", byDefault: 1024, 1, 1_000_000);
        Option<int> batch = CliOptions.Integer("--batch", "How many requests are computed together at most.", byDefault: 64, 1, 4096);
        var watch = new Option<bool>("--watch") { Description = "Serve the new model when the file changes." };
        var command = new Command("serve", Description) { model, port, urls, queue, batch, watch };
        command.SetAction(options =>
        {
            string addresses = options.GetValue(urls) ?? $"http://127.0.0.1:{options.GetValue(port)}";
            var serve = new ServeOptions(
                options.GetRequiredValue(model), addresses, options.GetValue(queue), options.GetValue(batch), options.GetValue(watch));
            PredictionServer.Run(serve, context).GetAwaiter().GetResult();
        });
        return command;
    }
}
