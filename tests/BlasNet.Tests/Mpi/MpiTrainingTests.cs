using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using BlasNet.Tests.Cli;

namespace BlasNet.Tests.Mpi;

/// <summary>Trainings over real processes and both MPI libraries; skipped where a library is not installed.</summary>
/// <remarks><c>BLASNET_ALL_RANKS=1</c> compares 1, 2 and 4 ranks of each model with as many workers, instead of one of these numbers.</remarks>
public sealed partial class MpiTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Launchers => [.. MpiExec.Launchers];

    private static readonly string[] ModelNames = ["digits", "tree", "tagger", "tagger of many words"];

    private static readonly int[] Counts = [1, 2, 4];

    private static bool IsThorough => Environment.GetEnvironmentVariable("BLASNET_ALL_RANKS") == "1";

    /// <summary>Every model under every library, and every number of ranks with some of them, or with all.</summary>
    public static TheoryData<string, int, string> Models => new(
        from library in Enumerable.Range(0, MpiExec.Launchers.Length)
        from model in Enumerable.Range(0, ModelNames.Length)
        from count in Enumerable.Range(0, Counts.Length)
        where IsThorough || count == 2 * (library + model + 1) % Counts.Length
        select (MpiExec.Launchers[library], Counts[count], ModelNames[model]));

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Models))]
    public async Task So_many_ranks_save_the_bytes_that_so_many_workers_save(string launcher, int count, string model)
    {
        MpiExec mpi = MpiExec.Require(launcher);
        string[] args = [.. ArgumentsOf(model), "--gemm", "packed"];
        Assert.Equal(0, CommandResult.Of([.. args, "--workers", $"{count}", "--save", In("workers")]).ExitCode);
        (int exitCode, string output, string error) = await mpi.Run(count, [.. args, "--save", In("ranks")]);

        Assert.True(exitCode == 0, error);
        Assert.Single(output.Split('\n'), line => line.Contains("epoch   1/2", StringComparison.Ordinal));   // one rank prints
        Assert.Equal(File.ReadAllBytes(In("workers")), File.ReadAllBytes(In("ranks")));
    }

    [Theory, MemberData(nameof(Launchers))]
    public async Task A_plan_measures_the_network_between_its_ranks(string launcher)
    {
        MpiExec mpi = MpiExec.Require(launcher);
        (int exitCode, string output, string error) = await mpi.Run(2, "plan", "tree", "--batch", "4", "--limit", "8", "--ranks", "1,2", "--json");

        Assert.True(exitCode == 0, error);
        JsonElement[] lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([1, 2], lines[..^1].Select(line => line.GetProperty("ranks").GetInt32()));   // one rank prints
        Assert.Equal(("measured", 2), (lines[^1].GetProperty("network").GetString(), lines[^1].GetProperty("measured_ranks").GetInt32()));
        Assert.True(lines[^1].GetProperty("latency_seconds").GetDouble() > 0 && lines[^1].GetProperty("bytes_per_second").GetDouble() > 0);
    }

    [Theory, MemberData(nameof(Launchers))]
    public async Task A_rank_with_another_model_is_named(string launcher)
    {
        MpiExec mpi = MpiExec.Require(launcher);
        (int exitCode, _, string error) = await mpi.RunTwo(ArgumentsOf("digits"), ArgumentsOf("digits", hidden: 32));

        Assert.NotEqual(0, exitCode);
        Assert.Matches(@"Error: Rank 1 on .+: parameter 0 is W1 \[32 × 64\]; on rank 0 on .+ it is W1 \[16 × 64\]\.", error);
    }

    [Theory, MemberData(nameof(Launchers))]
    public async Task An_error_on_one_rank_alone_ends_all_and_is_told_with_its_rank(string launcher)
    {
        MpiExec mpi = MpiExec.Require(launcher);
        (int exitCode, _, string error) = await mpi.RunTwo(ArgumentsOf("digits"), [.. ArgumentsOf("digits"), "--data", In("missing.csv")]);

        Assert.NotEqual(0, exitCode);
        Assert.Matches(@"Rank 1 on .+ ends all: Error: .+missing\.csv", error);
    }

    [Theory, MemberData(nameof(Launchers))]
    public async Task A_rank_that_is_done_waits_for_one_that_is_not(string launcher)
    {
        MpiExec mpi = MpiExec.Require(launcher);
        Assert.Equal(0, CommandResult.Of([.. ArgumentsOf("digits"), "--save", In("model")]).ExitCode);
        using (Process make = Process.Start("mkfifo", [In("pipe")]))
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);

        Task<(int ExitCode, string Output, string Error)> both = mpi.RunTwo(["predict", In("model"), "--data", In("pipe")], ["--version"]);
        await using (StreamWriter pipe = File.CreateText(In("pipe")))   // opens when rank 0 does
        {
            await Task.Delay(2500, TestContext.Current.CancellationToken);   // longer than a rank that fails waits for others
            await pipe.WriteLineAsync($"{{\"pixels\": [{string.Join(", ", Enumerable.Repeat(0.5, 64))}]}}");
        }

        (int exitCode, string output, string error) = await both;
        Assert.True(exitCode == 0, error);
        Assert.Matches(@"^\d\s*$", output);
    }

    [Theory, MemberData(nameof(Launchers))]
    public async Task A_wrong_command_line_is_told_once(string launcher)
    {
        (int exitCode, _, string error) = await MpiExec.Require(launcher).Run(2, "train", "digits", "--nonsense");

        Assert.Equal(2, exitCode);
        Assert.Single(error.Split('\n'), line => line.StartsWith("Error: --nonsense: unknown option.", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Launchers))]
    public async Task A_request_to_end_stops_all_ranks_after_the_same_step_with_a_checkpoint(string launcher)
    {
        MpiExec mpi = MpiExec.Require(launcher);
        int[] processes = [];
        await mpi.Watch(2, Arguments(epochs: 100_000), (process, line) =>
        {
            if (!RankOne().IsMatch(line))
                return;

            processes = [.. ProcessOfRank().Matches(line).Select(match => int.Parse(match.Groups["process"].ValueSpan, CultureInfo.InvariantCulture))];
            WaitForCheckpoint();
            using var kill = Process.Start("kill", ["-TERM", $"{process}"]);
            kill.WaitForExit();
        });
        while (processes.Any(process => File.Exists($"/proc/{process}/stat")))   // an mpiexec may end before them
            await Task.Delay(10, TestContext.Current.CancellationToken);

        Assert.Equal(2, processes.Length);
        (int exitCode, _, string error) = await mpi.Run(2, [.. Arguments(epochs: 1), "--resume"]);
        Assert.True(exitCode == 0, error);

        string[] Arguments(int epochs) =>
            [.. ArgumentsOf("digits", epochs: epochs), "--gemm", "packed", "--checkpoint", In("checkpoints"), "--checkpoint-every", "2"];
    }

    [Theory, MemberData(nameof(Launchers))]
    public async Task A_benchmark_of_ranks_tells_the_time_they_exchange(string launcher)
    {
        (int exitCode, string output, string error) = await MpiExec.Require(launcher)
            .Run(2, "bench", "mlp", "--limit", "64", "--batch", "32", "--gemm", "packed", "--json");
        Assert.True(exitCode == 0, error);
        using JsonDocument line = JsonDocument.Parse(output);

        Assert.Equal(2, line.RootElement.GetProperty("ranks").GetInt32());
        Assert.InRange(line.RootElement.GetProperty("share").GetProperty("communicate").GetDouble(), 1e-6, 1);
    }

    private void WaitForCheckpoint()
    {
        while (!(Directory.Exists(In("checkpoints")) && Directory.EnumerateFiles(In("checkpoints"), "manifest.json", SearchOption.AllDirectories).Any()))
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            Thread.Sleep(1);
        }
    }

    private string[] ArgumentsOf(string model, int hidden = 16, int epochs = 2)
    {
        if (model == "digits")
            return ["train", "digits", "--limit", "200", "--hidden", $"{hidden}", "--batch", "16", "--epochs", $"{epochs}"];

        if (model == "tree")
            return ["train", "tree", "--limit", "60", "--hidden", "16", "--embedding", "16", "--batch", "16", "--epochs", "2", "--clip-norm", "1"];

        string data = In("sentences.txt");
        int words = model == "tagger" ? 12 : 400;   // a step touches all of a small table, and a few columns of a large one
        IEnumerable<string> Words(int i) => Enumerable.Range(0, 1 + i % 7).Select(j => $"w{i * (j + 1) * 31 % words}|{"abc"[(i + j) % 3]}");
        File.WriteAllLines(data, Enumerable.Range(0, 80).Select(i => string.Join(' ', Words(i))));
        return ["train", "tagger", "--data", data, "--minimum-count", "1", "--hidden", "8", "--embedding", "16", "--batch", "8", "--epochs", "2"];
    }

    private string In(string file) => Path.Combine(_folder.Path, file);

    // The line that rank 0 prints first: all ranks with their processes.
    [GeneratedRegex(@"^\d+ ranks: .*rank 1 on \S+ \(process \d+\)")]
    private static partial Regex RankOne();

    [GeneratedRegex(@"\(process (?<process>\d+)\)")]
    private static partial Regex ProcessOfRank();
}
