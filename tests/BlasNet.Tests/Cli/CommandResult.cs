using System.Text.Json;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary>A command run within this process, and what it wrote.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public static CommandResult Of(params string[] args) => Of(CancellationToken.None, args);

    public static CommandResult Of(CancellationToken cancellation, params string[] args)
    {
        using StringWriter output = new(), error = new();
        int exitCode = CliApplication.Run(args, output, error, cancellation);
        return new CommandResult(exitCode, output.ToString(), error.ToString());
    }

    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Every line as a JSON object.</summary>
    public JsonElement[] Json()
    {
        Assert.Equal(ExitCodes.Success, ExitCode);
        return [.. Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
