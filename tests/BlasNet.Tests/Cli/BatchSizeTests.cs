using System.Text.Json;
using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Experiments;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class BatchSizeTests
{
    [Fact]
    public void The_compute_batch_moves_the_seconds_alone()
    {
        using var folder = new TemporaryFolder();
        string page = folder.File("page.html");
        CommandResult result = CommandResult.Of("experiment", "batch-size", "--quick", "--batches", "16,64", "--compute-batches", "8", "--format", "json", "--out", page);
        JsonElement[] lines = result.Json();

        Assert.Equal([(16, 16), (16, 8), (64, 64), (64, 8)], lines[..^1].Select(line => (line.GetProperty("optimization_batch").GetInt32(), line.GetProperty("compute_batch").GetInt32())));
        foreach (JsonElement[] pair in lines[..^1].Chunk(2))
        {
            double steps = pair[0].GetProperty("steps").GetDouble();
            Assert.Equal(steps, pair[1].GetProperty("steps").GetDouble(), 1e-2 * steps);
            Assert.Equal(steps * pair[0].GetProperty("optimization_batch").GetInt32(), pair[0].GetProperty("examples").GetDouble(), 1e-9 * steps);
        }

        Assert.True(lines[0].GetProperty("steps").GetDouble() > lines[2].GetProperty("steps").GetDouble(), "a larger batch needs fewer steps");
        Assert.True(lines[^1].GetProperty("steps_difference").GetDouble() < 1e-2);
        string html = System.IO.File.ReadAllText(page);
        Assert.Equal(3, html.Split("<svg").Length - 1);
        Assert.DoesNotContain("http://", html.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal));
    }

    [Fact]
    public void A_table_and_comma_separated_values_say_the_same()
    {
        using var folder = new TemporaryFolder();
        string[] args = ["experiment", "batch-size", "--quick", "--batches", "128", "--compute-batches", "128", "--out", folder.File("page.html")];
        CommandResult text = CommandResult.Of(args), csv = CommandResult.Of([.. args, "--format", "csv"]);

        Assert.Equal("optimization_batch,compute_batch,learning_rate,steps,examples,seconds,steps_difference", csv.Lines[0]);
        string[] values = csv.Lines[1].Split(',');
        Assert.Equal(["128", "128"], values[..2]);
        string[] row = text.Lines.Single(line => line.StartsWith("| 128", StringComparison.Ordinal) || line.StartsWith("|   128", StringComparison.Ordinal)).Split('|', StringSplitOptions.TrimEntries);
        Assert.Equal(double.Parse(values[3]), double.Parse(row[3]), 0.06);
    }

    [Fact]
    public void A_page_that_cannot_be_written_is_an_error_before_the_first_training()
    {
        CommandResult result = CommandResult.Of("experiment", "batch-size", "--out", "/no/such/folder/page.html");
        Assert.Equal((ExitCodes.Failure, ""), (result.ExitCode, string.Concat(result.Lines.Skip(1))));
        Assert.Contains("/no/such/folder", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_experiment_leaves_no_page()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource();
        source.Cancel();
        CommandResult result = CommandResult.Of(source.Token, "experiment", "batch-size", "--quick", "--out", folder.File("page.html"));
        Assert.Equal(ExitCodes.Interrupted, result.ExitCode);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    /// <summary>Steps made by the law S + E/b: the fit finds E/S.</summary>
    [Fact]
    public void The_critical_batch_is_that_of_the_law_that_steps_follow()
    {
        BatchSizeRow[] rows = [.. new[] { 4, 16, 64, 256 }.Select(batch => new BatchSizeRow(batch, 1, [new BatchSizeCell(batch, new TrainingPath(30 + 2400.0 / batch, 1, [(0, 1)]), 0)]))];
        Assert.Equal(80, new BatchSizeReport("", 1, rows, (4, 1)).CriticalBatch, 1e-6);
    }
}
