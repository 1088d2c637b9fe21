using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using BlasNet.Tests.Cli;

namespace BlasNet.Tests.Mpi;

/// <summary>Ranks killed at random moments, under both MPI libraries; skipped where a library is not installed.</summary>
/// <remarks><c>BLASNET_KILLS=100</c> kills as many under each library, instead of two.</remarks>
public sealed partial class MpiKillTests : IDisposable
{
    private const int Ranks = 3;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Launchers => [.. MpiExec.Launchers];

    private static int Kills => int.Parse(Environment.GetEnvironmentVariable("BLASNET_KILLS") ?? "2", CultureInfo.InvariantCulture);

    private string Checkpoints => _folder.File("checkpoints");

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Launchers))]
    public async Task A_rank_killed_at_random_moments_ends_all_and_the_resumed_training_has_the_undisturbed_result(string launcher)
    {
        MpiExec mpi = MpiExec.Require(launcher);
        string[] args = Trainee.Arguments("--epochs", $"{10 * Kills}");
        Assert.Equal(0, CommandResult.Of([.. args, "--workers", $"{Ranks}", .. Results("undisturbed")]).ExitCode);
        string[] Durable(int every) => [.. args, .. Results("resumed"), "--checkpoint", Checkpoints, "--checkpoint-every", $"{every}", "--resume"];
        var random = new Random(1);
        var ended = new double[Kills];
        for (int i = 0; i < Kills; i++)
            ended[i] = (await KillOne(mpi, Durable(every: 3), random)).TotalSeconds;

        string newest = Newest();
        (int exitCode, _, string error) = await mpi.Run(Ranks, Durable(every: 1000));   // a checkpoint takes as long as many steps
        Assert.True(exitCode == 0, error);
        Assert.Contains($"Resumed from {newest}:", error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(_folder.File("undisturbed")), File.ReadAllBytes(_folder.File("resumed")));
        Assert.Equal(Trainee.WithoutTimes(_folder.File("undisturbed.csv")), Trainee.WithoutTimes(_folder.File("resumed.csv")));
        double median = ended.Order().ElementAt(Kills / 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Kills} killed; the others ended {median:F2} s later, at most {ended.Max():F2} s");
    }

    /// <returns>How long it took until all had ended.</returns>
    private async Task<TimeSpan> KillOne(MpiExec mpi, string[] args, Random random)
    {
        string newest = Newest();
        (int victim, int checkpoints, int delay) = (random.Next(Ranks), random.Next(3), random.Next(60));
        (int[] processes, long killed) = ([], 0);
        (int exitCode, string output, string error) = await mpi.Watch(Ranks, args, (_, line) =>
        {
            if (processes.Length > 0)
                return;

            processes = [.. ProcessOfRank().Matches(line).Select(match => int.Parse(match.Groups["process"].ValueSpan, CultureInfo.InvariantCulture))];
            Assert.Equal(Ranks, processes.Length);
            Await(checkpoints, processes[victim]);
            Thread.Sleep(delay);
            using Process process = Process.GetProcessById(processes[victim]);
            process.Kill();
            killed = Stopwatch.GetTimestamp();
        });
        while (processes.Any(process => File.Exists($"/proc/{process}/stat")))
            await Task.Delay(5, TestContext.Current.CancellationToken);

        TimeSpan ended = Stopwatch.GetElapsedTime(killed);
        string context = $"rank {victim}, {checkpoints} checkpoints and {delay} ms: exit code {exitCode}, {ended}\n{output}{error}";
        Assert.True(exitCode != 0 && !File.Exists(_folder.File("resumed")), context);
        Assert.True(ResumedFrom().Match(error) is not { Success: true } resumed || resumed.Groups["folder"].Value == newest, context);
        // Open MPI names the rank, or another rank does. MPICH kills the others before they can, and names the first process.
        string[] dead = [$"rank {victim} with PID", $"Rank {victim} on", "BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES"];
        Assert.True(dead.Any(name => $"{output}{error}".Contains(name, StringComparison.Ordinal)), context);
        return ended;
    }

    // Until so many more checkpoints are there, or the process is not.
    private void Await(int more, int process)
    {
        for (int i = 0; i < more; i++)
        {
            string before = Newest();
            while (Newest() == before && Directory.Exists($"/proc/{process}"))
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                Thread.Sleep(1);
            }
        }
    }

    private string Newest() =>
        Trainee.Manifests(Checkpoints).Select(manifest => Path.GetDirectoryName(manifest)!).Order(StringComparer.Ordinal).LastOrDefault() ?? "";

    private string[] Results(string name) => ["--save", _folder.File(name), "--log", _folder.File($"{name}.csv")];

    [GeneratedRegex("^Resumed from (?<folder>[^:]+):", RegexOptions.Multiline)]
    private static partial Regex ResumedFrom();

    [GeneratedRegex(@"rank \d+ on \S+ \(process (?<process>\d+)\)")]
    private static partial Regex ProcessOfRank();
}
