using System.Globalization;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary>A training that is killed or interrupted, in processes of its own.</summary>
public sealed class KilledTrainingTests : IDisposable
{
    // Where nothing interrupts any more: a checkpoint, which reaches the disk, takes as long as a hundred steps.
    private static readonly string[] SeldomSaved = ["--checkpoint-every", "100"];

    private readonly TemporaryFolder _folder = new();

    private string Checkpoints => _folder.File("checkpoints");

    /// <summary>How often to kill: few times in every test run, more often when asked to.</summary>
    private static int Kills => int.Parse(Environment.GetEnvironmentVariable("BLASNET_KILLS") ?? "8", CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData]
    [InlineData("--workers", "2", "--memory", "32MB", "--noise-scale", "examples", "--clip-example-norm", "2")]
    public void Killed_at_random_moments_and_resumed_it_ends_with_the_same_parameters_to_the_bit(params string[] more)
    {
        string epochs = (80 * Math.Max(1, Kills / 8)).ToString(CultureInfo.InvariantCulture);
        (string expected, string expectedLog) = Undisturbed(["--epochs", epochs, .. more]);
        string saved = _folder.File("saved.safetensors"), log = _folder.File("log.csv");
        string[] args = ["--save", saved, "--log", log, "--epochs", epochs, .. more];
        var random = new Random(1);
        int kills = 0;

        for (int attempt = 0; attempt < Kills; attempt++)
        {
            string[] before = Trainee.Manifests(Checkpoints);
            using Trainee trainee = Trainee.Start(Checkpoints, args);
            if (!trainee.MakesProgress(before))
                break;

            Thread.Sleep(random.Next(40));
            kills += trainee.Kill().ExitCode == 137 ? 1 : 0;
        }

        using Trainee last = Trainee.Start(Checkpoints, [.. args, .. SeldomSaved]);
        CommandResult end = last.End();

        Assert.Equal((ExitCodes.Success, true), (end.ExitCode, kills >= Math.Min(Kills, 5)));
        Assert.StartsWith("Resumed from ", end.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(expected), File.ReadAllBytes(saved));
        Assert.Equal(Trainee.WithoutTimes(expectedLog), Trainee.WithoutTimes(log));
        Assert.Empty(Directory.GetFiles(Checkpoints, "*.tmp", SearchOption.AllDirectories));
        TestContext.Current.TestOutputHelper?.WriteLine($"killed {kills} times");
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public void A_signal_ends_it_after_the_step_with_a_checkpoint_and_says_where(string signal, int exitCode)
    {
        string saved = _folder.File("saved.safetensors");
        string[] longer = ["--epochs", "100"];   // the signal must come before the end, even where starting `kill` takes long
        (string expected, _) = Undisturbed(longer);
        using Trainee trainee = Trainee.Start(Checkpoints, ["--save", saved, .. longer]);
        trainee.MakesProgress([]);

        CommandResult result = trainee.Signal(signal);

        Assert.Equal((exitCode, false), (result.ExitCode, File.Exists(saved)));
        Assert.Matches(@"^Interrupted in epoch \d+, after step \d+; saved to \S+step-\d+-epoch-\d+; --resume goes on from there.\n$", result.Error);
        using Trainee resumed = Trainee.Start(Checkpoints, ["--save", saved, .. longer, .. SeldomSaved]);
        Assert.Equal(ExitCodes.Success, resumed.End().ExitCode);
        Assert.Equal(File.ReadAllBytes(expected), File.ReadAllBytes(saved));
    }

    private (string Parameters, string Log) Undisturbed(params string[] more)
    {
        (string parameters, string log) = (_folder.File("expected.safetensors"), _folder.File("expected.csv"));
        using Trainee trainee = Trainee.StartPlain(["--save", parameters, "--log", log, .. more]);
        Assert.Equal(ExitCodes.Success, trainee.End().ExitCode);
        return (parameters, log);
    }
}
