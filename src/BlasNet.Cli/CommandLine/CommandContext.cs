using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using BlasNet.Ranks;
using Spectre.Console;

namespace BlasNet.Cli.CommandLine;

/// <summary>Where a command writes, and when it is to stop. Results go to the output; progress and errors to the other.</summary>
internal sealed class CommandContext
{
    public CommandContext(TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        (Output, Error, Cancellation) = (output, error, cancellation);
        (Screen, Status) = (ConsoleOver(output), ConsoleOver(error));
    }

    /// <summary>The processes that train together; null for this one alone.</summary>
    public Communicator? Ranks { get; init; }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    public CancellationToken Cancellation { get; }

    /// <summary>The output, for tables.</summary>
    public IAnsiConsole Screen { get; }

    /// <summary>The error output, for progress.</summary>
    public IAnsiConsole Status { get; }

    /// <summary>One JSON object, on a line of its own.</summary>
    public void WriteJson<T>(T value, JsonTypeInfo<T> type)
    {
        Output.WriteLine(JsonSerializer.Serialize(value, type));
        Output.Flush();
    }

    // What is not a terminal has no width; a table or a line must not be broken there.
    private static IAnsiConsole ConsoleOver(TextWriter writer)
    {
        var target = new AnsiConsoleOutput(writer);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = target });
        if (!target.IsTerminal)
            console.Profile.Width = 1000;

        return console;
    }
}
