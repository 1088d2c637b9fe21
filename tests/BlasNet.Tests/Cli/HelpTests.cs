using System.CommandLine;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary>The help of every command, on screens of several widths.</summary>
[Collection(CommandLineTests.Name)]
public sealed class HelpTests
{
    private static readonly Command Root = CliApplication.CreateRoot(new CommandContext(TextWriter.Null, TextWriter.Null, CancellationToken.None));

    [Theory, InlineData(40), InlineData(60), InlineData(80), InlineData(120)]
    public void It_keeps_to_the_width_and_breaks_no_word(int width) => Assert.All(Commands(Root), command =>
    {
        string help = HelpOf(command, width);
        Assert.All(help.Split('\n'), line => Assert.True(line.Length <= width || !line.Trim().Contains(' '), $"{command.Name}: {line}"));
        Assert.Equal(Words(HelpOf(command, 10_000)), Words(help));
    });

    [Fact]
    public void That_of_the_program_is_short_enough_to_be_read()
    {
        string[] lines = HelpOf(Root, 80).Split('\n');
        Assert.InRange(lines.Length, 20, 45);
        Assert.Contains("  embed [FILE]        Turn texts, one a line, into vectors with a pretrained", lines);
    }

    [Fact]
    public void It_is_shown_however_incomplete_the_command_line_is() =>
        Assert.StartsWith("Use a model that", CommandResult.Of("predict", "--help").Output, StringComparison.Ordinal);

    [Theory]
    [InlineData("Train a network.\n\nExamples:", "Train a network")]
    [InlineData("Show what was found: a processor; a library.", "Show what was found")]
    [InlineData("Of 1,797 digits, 99.1 % are right", "Of 1,797 digits, 99.1 % are right")]
    public void Commands_are_listed_with_the_first_clause_of_what_they_do(string description, string clause) =>
        Assert.Equal(clause, HelpWriter.FirstClause(description));

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);

    private static string HelpOf(Command command, int width)
    {
        using var output = new StringWriter { NewLine = "\n" };
        new HelpWriter(output, width).Write(command);
        return output.ToString();
    }

    /// <summary>The alternatives of a value may stand on several lines.</summary>
    private static string[] Words(string help) => help.Replace("|", "| ", StringComparison.Ordinal).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
