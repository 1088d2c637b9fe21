using System.Text.Json;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary>A training that is resumed, ends early or goes wrong.</summary>
[Collection(CommandLineTests.Name)]
public sealed class DurabilityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Checkpoints => _folder.File("checkpoints");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Checkpoints_are_continued_only_if_that_is_asked_for()
    {
        Assert.Equal(ExitCodes.Success, Train("--epochs", "1", "--resume").ExitCode);   // there is nothing yet
        CommandResult again = Train("--epochs", "2");
        CommandResult resumed = Train("--epochs", "2", "--resume"), complete = Train("--epochs", "2", "--resume");

        Assert.Equal((ExitCodes.Failure, $"Error: --checkpoint {Checkpoints}: has checkpoints up to step 20; add --resume to go on from there, or choose an empty directory.\n"), (again.ExitCode, again.Error));
        Assert.Equal([2], resumed.Json()[..^1].Select(line => line.GetProperty("epoch").GetInt32()));
        Assert.Equal((ExitCodes.Success, ""), (complete.ExitCode, complete.Output));
        Assert.EndsWith("There is nothing left to train: 2 epochs are complete.\n", complete.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_network_is_refused_with_names_and_shapes()
    {
        Train("--epochs", "1");
        CommandResult other = Train("--epochs", "2", "--resume", "--hidden", "17");

        Assert.Equal(ExitCodes.Failure, other.ExitCode);
        Assert.EndsWith("does not fit the model: tensor W1 F32 [16, 64] does not fit the parameter W1 [17 × 64]; this network has pixels 64, classes 10.\n", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_checkpoint_is_passed_over_and_told()
    {
        Train("--epochs", "2");
        File.WriteAllText(Path.Combine(Checkpoints, "step-0000000040-epoch-0002", "state.safetensors"), "");
        CommandResult resumed = Train("--epochs", "2", "--resume");

        Assert.Equal([2], resumed.Json()[..^1].Select(line => line.GetProperty("epoch").GetInt32()));
        Assert.Matches(@"^Note: \S+step-0000000040-epoch-0002: state.safetensors is damaged: \d+ bytes expected, found 0.\nResumed from \S+step-0000000020-epoch-0001: ", resumed.Error);
    }

    [Fact]
    public void A_learning_rate_given_with_resume_counts()
    {
        Train("--epochs", "1");
        double Loss(params string[] more) => Train(["--epochs", "2", "--resume", .. more]).Json()[0].GetProperty("loss").GetDouble();
        string copy = _folder.File("copy");
        CopyFolder(Checkpoints, copy);
        double same = Loss();
        Directory.Delete(Checkpoints, recursive: true);
        CopyFolder(copy, Checkpoints);

        Assert.NotEqual(same, Loss("--learning-rate", "0.01"));
    }

    [Fact]
    public void Settings_that_differ_are_told()
    {
        Train("--epochs", "1", "--clip-norm", "0.5");
        CommandResult resumed = Train("--epochs", "2", "--resume", "--l2", "0.5", "--learning-rate", "0.01");
        CommandResult refused = Train("--epochs", "3", "--resume", "--optimizer", "sgd");

        Assert.Equal(ExitCodes.Success, resumed.ExitCode);
        string[] notes = [.. resumed.Error.Split('\n').Where(line => line.StartsWith("Note: ", StringComparison.Ordinal))];
        Assert.EndsWith(": was made with learning rate 0.001; now it is 0.01. Training goes on with that.", notes[0], StringComparison.Ordinal);
        Assert.EndsWith(": was made with clip norm 0.5; now it is none. Training goes on with that.", notes[1], StringComparison.Ordinal);
        Assert.Contains(": was made with regulariser none; now it is W1 = parameter", notes[2], StringComparison.Ordinal);
        Assert.Equal(3, notes.Length);
        Assert.Equal(ExitCodes.Failure, refused.ExitCode);
        Assert.EndsWith("was made with optimizer Adam; here it is Sgd\n", refused.Error, StringComparison.Ordinal);
    }

    /// <summary>The average over steps goes on, too.</summary>
    [Fact]
    public void The_noise_scale_of_a_training_that_is_resumed_is_that_of_one_that_was_not()
    {
        string[] args = ["--noise-scale", "examples", "--epochs", "3"];
        double[] Scales(CommandResult result) => [.. result.Json()[..^1].Select(line => line.GetProperty("noise_scale").GetDouble())];
        double[] expected = Scales(Train(checkpoints: false, args));
        Train([.. args[..2], "--epochs", "1"]);

        Assert.Equal(expected[1..], Scales(Train([.. args, "--resume"])));
    }

    [Theory]
    [InlineData("examples", "--batch 1", "--noise-scale: a step of one example tells no noise; set --batch above 1.")]
    [InlineData("passes", "--batch 8", "--noise-scale passes: a step would have one pass, and several are compared; set --compute-batch below --batch, which is 8, or choose --noise-scale examples.")]
    public void Noise_that_no_step_can_tell_is_refused(string noise, string args, string error)
    {
        CommandResult result = CommandResult.Of(["train", "digits", "--noise-scale", noise, .. args.Split(' ')]);

        Assert.Equal((ExitCodes.Failure, $"Error: {error}\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void A_log_with_other_columns_is_refused()
    {
        string log = _folder.File("log.csv");
        Train("--epochs", "1", "--log", log);
        CommandResult resumed = Train("--epochs", "2", "--resume", "--log", log, "--noise-scale", "examples");

        Assert.Equal(ExitCodes.Failure, resumed.ExitCode);
        Assert.Contains($"{log} has the columns epoch,step,loss,seconds,test_accuracy; a row of epoch,step,loss,seconds,test_accuracy,noise_scale does not fit.", resumed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Patience_ends_it_and_saves_the_best()
    {
        string saved = _folder.File("best.safetensors");
        CommandResult result = CommandResult.Of(Trainee.Arguments("--patience", "2", "--learning-rate", "0.05", "--save", saved));
        JsonElement[] epochs = result.Json()[..^1];
        double[] accuracies = [.. epochs.Select(line => line.GetProperty("test_accuracy").GetDouble())];
        int best = Array.IndexOf(accuracies, accuracies.Max());

        Assert.Equal(best + 3, accuracies.Length);
        string expected = _folder.File("expected.safetensors");
        Train(checkpoints: false, "--learning-rate", "0.05", "--epochs", $"{best + 1}", "--save", expected);
        Assert.Equal(File.ReadAllBytes(expected), File.ReadAllBytes(saved));
    }

    [Theory]
    [InlineData]
    [InlineData("--average", "5")]
    public void Where_nothing_is_left_to_train_the_parameters_are_saved_all_the_same(params string[] more)
    {
        string first = _folder.File("first.safetensors"), second = _folder.File("second.safetensors");
        Train(["--epochs", "2", "--save", first, .. more]);
        CommandResult again = Train(["--epochs", "2", "--resume", "--save", second, .. more]);

        Assert.Equal($"{{\"summary\":true,\"model\":\"digits\",\"epochs\":0,\"steps\":40,\"saved\":\"{second}\"}}\n", again.Output);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
    }

    /// <summary>The best epoch's checkpoint stays, so that its parameters are there however much later they are asked for.</summary>
    [Fact]
    public void What_patience_found_best_is_saved_by_a_later_command_too()
    {
        string first = _folder.File("first.safetensors"), second = _folder.File("second.safetensors");
        string[] args = ["--patience", "4", "--keep", "1", "--learning-rate", "0.05"];
        JsonElement[] epochs = Train([.. args, "--save", first]).Json()[..^1];
        Assert.InRange(epochs.Length, 5, 19);   // it has stopped early, with the best one well before the end
        CommandResult again = Train([.. args, "--resume", "--save", second]);

        Assert.Equal(ExitCodes.Success, again.ExitCode);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        Assert.Equal(2, Trainee.Manifests(Checkpoints).Length);   // the last one, and the best
    }

    [Fact]
    public void Best_parameters_that_are_gone_are_an_error_and_no_file()
    {
        string saved = _folder.File("saved.safetensors");
        string[] args = ["--patience", "4", "--keep", "1", "--learning-rate", "0.05"];
        Train(args);
        Directory.Delete(Path.GetDirectoryName(Trainee.Manifests(Checkpoints).Order().First())!, recursive: true);
        CommandResult again = Train([.. args, "--resume", "--save", saved]);

        Assert.Equal((ExitCodes.Failure, false), (again.ExitCode, File.Exists(saved)));
        Assert.EndsWith($"Error: --save {saved}: there are no best parameters to save: no epoch's test gave a number, or the checkpoint of the best one is gone.\n", again.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public void A_log_has_a_row_for_every_epoch(string extension)
    {
        string log = _folder.File("log." + extension);
        Train("--epochs", "2", "--log", log);
        Train("--epochs", "3", "--log", log, "--resume");

        string[] lines = File.ReadAllLines(log);
        Assert.Equal(extension == "csv" ? 4 : 3, lines.Length);
        Assert.Contains("test_accuracy", lines[0], StringComparison.Ordinal);
        Assert.Equal(extension == "csv" ? "3,60," : "{\"epoch\":3,\"step\":60,", lines[^1][..(extension == "csv" ? 5 : 21)]);
    }

    [Theory]
    [InlineData("--resume", "--resume goes with --checkpoint.")]
    [InlineData("--keep 2", "--keep goes with --checkpoint.")]
    [InlineData("--checkpoint-every 2", "--checkpoint-every goes with --checkpoint.")]
    [InlineData("--checkpoint x --checkpoint-every 0", "--checkpoint-every 0: must be a whole number from 1 to 1000000.")]
    [InlineData("--log x.txt", "--log x.txt: the name must end in .csv or .jsonl.")]
    [InlineData("--patience 0", "--patience 0: must be a whole number from 1 to 1000000.")]
    public void Options_that_make_no_sense_are_refused(string args, string error)
    {
        CommandResult result = CommandResult.Of(["train", "digits", .. args.Split(' ')]);

        Assert.Equal((ExitCodes.Usage, $"Error: {error} See 'blasnet train digits --help'.\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void Threads_for_products_and_workers_exclude_each_other()
    {
        Assert.SkipUnless(Environment.ProcessorCount > 1, "needs two processors");
        Assert.StartsWith(
            "Error: --workers and --threads: only one of them can be more than 1.",
            CommandResult.Of("train", "digits", "--workers", "2", "--threads", "2").Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void The_same_number_of_workers_gives_the_same_parameters(string workers)
    {
        byte[] Train(string name)
        {
            Assert.Equal(ExitCodes.Success, this.Train(checkpoints: false, "--epochs", "3", "--workers", workers, "--save", _folder.File(name)).ExitCode);
            return File.ReadAllBytes(_folder.File(name));
        }

        Assert.Equal(Train("first"), Train("second"));
    }

    [Fact]
    public void What_cannot_be_written_is_told()
    {
        string file = _folder.Write("file", "");

        Assert.StartsWith($"Error: --checkpoint {file}: ", CommandResult.Of(Trainee.Arguments("--checkpoint", file)).Error, StringComparison.Ordinal);
        Assert.StartsWith("Error: ", CommandResult.Of(Trainee.Arguments("--log", Path.Combine(file, "log.csv"))).Error, StringComparison.Ordinal);
    }

    private CommandResult Train(params string[] more) => Train(checkpoints: true, more);

    private CommandResult Train(bool checkpoints, params string[] more) =>
        CommandResult.Of(Trainee.Arguments(checkpoints ? ["--checkpoint", Checkpoints, .. more] : more));

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
