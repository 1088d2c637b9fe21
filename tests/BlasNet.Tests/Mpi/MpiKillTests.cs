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

    // The others notice within a second or two; a busy machine may need longer.
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(30);

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
        TimeSpan slowest = TimeSpan.Zero;
        for (int i = 0; i < Kills; i++)
        {
            TimeSpan ended = await KillOne(mpi, Durable(every: 3), random);
            slowest = ended > slowest ? ended : slowest;
        }

        string newest = Newest();
        (int exitCode, _, string error) = await mpi.Run(Ranks, Durable(every: 1000));   // a checkpoint takes as long as many steps
        Assert.True(exitCode == 0, error);
        Assert.Contains($"Resumed from {newest}:", error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(_folder.File("undisturbed")), File.ReadAllBytes(_folder.File("resumed")));
        Assert.Equal(Trainee.WithoutTimes(_folder.File("undisturbed.csv")), Trainee.WithoutTimes(_folder.File("resumed.csv")));
        TestContext.Current.TestOutputHelper?.WriteLine($"{Kills} killed, the others ended within {slowest.TotalSeconds:F2} s");
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
            Await(checkpoints);
            Thread.Sleep(delay);
            using Process process = Process.GetProcessById(processes[victim]);
            process.Kill();
            killed = Stopwatch.GetTimestamp();
        });
        while (processes.Any(process => File.Exists($"/proc/{process}/stat")) && Stopwatch.GetElapsedTime(killed) < LongestFarewell)
            await Task.Delay(5, TestContext.Current.CancellationToken);

        TimeSpan ended = Stopwatch.GetElapsedTime(killed);
        string context = $"rank {victim}, {checkpoints} checkpoints and {delay} ms: exit code {exitCode}, {ended}\n{output}{error}";
        Assert.True(exitCode != 0 && ended < LongestFarewell && !File.Exists(_folder.File("resumed")), context);
        Assert.True(ResumedFrom().Match(error) is not { Success: true } resumed || resumed.Groups["folder"].Value == newest, context);
        string[] dead = [$"PID {processes[victim]} RUNNING", $"rank {victim} with PID", $"Rank {victim} on"];   // as MPICH, Open MPI or a rank has it
        Assert.True(dead.Any(name => $"{output}{error}".Contains(name, StringComparison.Ordinal)), context);
        return ended;
    }

    // Until so many more checkpoints are there.
    private void Await(int more)
    {
        for (int i = 0; i < more; i++)
        {
            string before = Newest();
            while (Newest() == before)
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
