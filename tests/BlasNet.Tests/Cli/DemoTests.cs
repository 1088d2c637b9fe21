using BlasNet.Cli.CommandLine;
using BlasNet.Native;
using BlasNet.Tests.Kernels;

namespace BlasNet.Tests.Cli;

[Collection(GemmSettings.Name)]
public sealed class DemoTests
{
    [Fact]
    public void The_table_shows_accuracy_calls_and_that_the_curves_agree()
    {
        CommandResult result = CommandResult.Of("demo");
        string[][] rows =
            [.. result.Lines.Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Where(row => row is [_, _, "on" or "off", ..]).Select(row => row[1..^1])];

        Assert.Equal((ExitCodes.Success, ""), (result.ExitCode, result.Error));
        Assert.Equal(OpenBlasLoader.IsAvailable ? 4 : 2, rows.Length);
        Assert.All(rows, row => Assert.True(double.Parse(row[2].Split(' ')[0]) >= 97, row[2]));
        Assert.All(rows, row => Assert.Equal(row[1] == "on" ? ("0", "184") : ("11,496", "0"), (row[4], row[5])));
        Assert.Contains(result.Lines, line => line.StartsWith("The loss curves agree", StringComparison.Ordinal));
    }
}
