using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class UsageTests
{
    [Theory]
    [InlineData("train digits --bacth 3", "Error: --bacth: unknown option. Did you mean --batch? See 'blasnet train digits --help'.")]
    [InlineData("train digits --something-else", "Error: --something-else: unknown option. See 'blasnet train digits --help'.")]
    [InlineData("trian", "Error: trian: unknown command. Did you mean train? See 'blasnet --help'.")]
    [InlineData("train", "Error: a command is missing; one of digits, tagger, tagger-char, tree, lm, parser, pairs, classifier. See 'blasnet train --help'.")]
    [InlineData("bench", "Error: a command is missing; one of mlp, tagger, tagger-char, tree, lm, parser, encoder, gemm. See 'blasnet bench --help'.")]
    [InlineData("explain more", "Error: more: unknown argument. See 'blasnet explain --help'.")]
    [InlineData("train digits --batch 0", "Error: --batch 0: must be a whole number from 1 to 1000000. See 'blasnet train digits --help'.")]
    [InlineData("train digits --limit 0", "Error: --limit 0: must be a whole number from 1 to 2147483647. See 'blasnet train digits --help'.")]
    [InlineData("train tagger", "Error: --data is missing: sentences in CoNLL-U, or lines of word|TAG. See 'blasnet train tagger --help'.")]
    [InlineData("train lm --epochs 2", "Error: --data is missing: sentences, one a line, or in CoNLL-U. See 'blasnet train lm --help'.")]
    [InlineData("train lm --data x --vocabulary 2", "Error: --vocabulary 2: must be a whole number from 3 to 16777216. See 'blasnet train lm --help'.")]
    [InlineData("train tree --dev x", "Error: --dev goes with --data. See 'blasnet train tree --help'.")]
    [InlineData("train tree --mlp 3", "Error: --mlp: unknown option. See 'blasnet train tree --help'.")]
    [InlineData("train tagger-char --data x --embedding 7", "Error: --embedding 7: must be even; each direction over the characters gives half of it. See 'blasnet train tagger-char --help'.")]
    [InlineData("train digits --batch -1", "Error: --batch -1: must be a whole number from 1 to 1000000. See 'blasnet train digits --help'.")]
    [InlineData("train digits --batch 1.5", "Error: --batch 1.5: must be a whole number from 1 to 1000000. See 'blasnet train digits --help'.")]
    [InlineData("train digits --compute-batch -1", "Error: --compute-batch -1: must be a whole number from 1 to 1000000. See 'blasnet train digits --help'.")]
    [InlineData("train digits --epochs x", "Error: --epochs x: must be a whole number from 1 to 1000000. See 'blasnet train digits --help'.")]
    [InlineData("train digits --hidden 3,,4", "Error: --hidden : must be a whole number from 1 to 65536. See 'blasnet train digits --help'.")]
    [InlineData("train digits --learning-rate 0", "Error: --learning-rate 0: must be a number above 0. See 'blasnet train digits --help'.")]
    [InlineData("train digits --learning-rate NaN", "Error: --learning-rate NaN: must be a number above 0. See 'blasnet train digits --help'.")]
    [InlineData("train digits --optimizer newton", "Error: --optimizer newton: must be one of adam, adamw, momentum, nesterov, sgd, adagrad, rmsprop, lion. See 'blasnet train digits --help'.")]
    [InlineData("train digits --batching maybe", "Error: --batching maybe: must be one of on, off. See 'blasnet train digits --help'.")]
    [InlineData("bench tree --plan-cache maybe", "Error: --plan-cache maybe: must be one of on, off, all. See 'blasnet bench tree --help'.")]
    [InlineData("bench mlp --limit 2147483647", "Error: --limit 2147483647: must be a whole number from 1 to 1048576. See 'blasnet bench mlp --help'.")]
    [InlineData("bench mlp --data x", "Error: --data: unknown option. See 'blasnet bench mlp --help'.")]
    [InlineData("bench mlp --gemm mkl", "Error: --gemm mkl: must be one of auto, openblas, packed. See 'blasnet bench mlp --help'.")]
    [InlineData("bench gemm --sizes 64,0", "Error: --sizes 0: must be a whole number from 1 to 16384. See 'blasnet bench gemm --help'.")]
    [InlineData("explain --examples 1", "Error: --examples 1: must be a whole number from 2 to 1000. See 'blasnet explain --help'.")]
    [InlineData("train digits --workers 0", "Error: --workers 0: must be a whole number from 1 to 256. See 'blasnet train digits --help'.")]
    [InlineData("train digits --log x.txt", "Error: --log x.txt: the name must end in .csv or .jsonl. See 'blasnet train digits --help'.")]
    [InlineData("train digits --data x --save ./x", "Error: --save ./x: is the file of --data too. See 'blasnet train digits --help'.")]
    [InlineData("train digits --data x --labels y --save y", "Error: --save y: is the file of --labels too. See 'blasnet train digits --help'.")]
    [InlineData("train digits --save x.csv --log x.csv", "Error: --save x.csv: is the file of --log too. See 'blasnet train digits --help'.")]
    [InlineData("train tree --data x --dev y.csv --log y.csv", "Error: --log y.csv: is the file of --dev too. See 'blasnet train tree --help'.")]
    [InlineData("train digits --batch", "Error: --batch: a value is missing; N. See 'blasnet train digits --help'.")]
    [InlineData("tour --out", "Error: --out: a value is missing; FILE. See 'blasnet tour --help'.")]
    [InlineData("tour --json ./tour.html", "Error: --json ./tour.html: is the name of the page; another is needed. See 'blasnet tour --help'.")]
    [InlineData("train digits --labels x", "Error: --labels goes with --data. See 'blasnet train digits --help'.")]
    [InlineData("train digits --label-column first", "Error: --label-column goes with --data. See 'blasnet train digits --help'.")]
    [InlineData("train digits --csv-header", "Error: --csv-header goes with --data. See 'blasnet train digits --help'.")]
    [InlineData("train digits --data x --label-column middle", "Error: --label-column middle: must be one of auto, last, first. See 'blasnet train digits --help'.")]
    public void A_wrong_command_line_is_one_line_and_exit_code_2(string args, string expected)
    {
        CommandResult result = CommandResult.Of(args.Split(' '));

        Assert.Equal((ExitCodes.Usage, "", expected + "\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void More_threads_than_processors_are_refused()
    {
        string threads = $"{Environment.ProcessorCount + 1}";

        Assert.Equal(
            $"Error: --threads {threads}: must be a whole number from 1 to {Environment.ProcessorCount}. See 'blasnet doctor --help'.\n",
            CommandResult.Of("doctor", "--threads", threads).Error);
    }

    [Fact]
    public void A_repeated_value_names_the_option()
    {
        CommandResult result = CommandResult.Of("train", "digits", "--batch", "1", "--batch", "2");

        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.Contains("'--batch'", Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    /// <summary>Values that are compared with others, too.</summary>
    [Theory]
    [InlineData("digits --workers", "--workers: a value is missing; N.")]
    [InlineData("digits --workers 2 --threads", "--threads: a value is missing; N.")]
    [InlineData("digits --workers x --threads 1", "--workers x: must be a whole number from 1 to 256.")]
    [InlineData("digits --log", "--log: a value is missing; FILE.")]
    [InlineData("digits --noise-scale", "--noise-scale: a value is missing; off|examples|passes.")]
    [InlineData("digits --noise-scale all", "--noise-scale all: must be one of off, examples, passes.")]
    [InlineData("digits --clip-example-norm nan", "--clip-example-norm nan: must be a number above 0.")]
    [InlineData("tagger-char --data x --embedding x", "--embedding x: must be a whole number from 1 to 4096.")]
    [InlineData("tagger-char --data x --embedding 7", "--embedding 7: must be even; each direction over the characters gives half of it.")]
    public void A_missing_or_wrong_value_is_named(string args, string error)
    {
        CommandResult result = CommandResult.Of(["train", .. args.Split(' ')]);

        Assert.Equal((ExitCodes.Usage, $"Error: {error} See 'blasnet train {args.Split(' ')[0]} --help'.\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void What_no_command_expects_is_an_error_of_its_own_with_its_place()
    {
        using var error = new StringWriter();
        Assert.Equal(70, CliApplication.Run(["--version"], new BrokenWriter(), error, TestContext.Current.CancellationToken));
        Assert.StartsWith($"Error in BlasNet {CliApplication.Version}, which is not yours.", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("System.NotSupportedException: broken", error.ToString(), StringComparison.Ordinal);
        Assert.Contains(nameof(BrokenWriter), error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_arguments_the_help_is_shown()
    {
        CommandResult result = CommandResult.Of();

        Assert.Equal((ExitCodes.Success, ""), (result.ExitCode, result.Error));
        Assert.All(["train", "bench", "explain", "doctor", "demo"], command => Assert.Contains($"\n  {command} ", result.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("train digits")]
    [InlineData("bench")]
    [InlineData("explain")]
    [InlineData("doctor")]
    public void Help_gives_examples(string command) =>
        Assert.Contains($"blasnet {command}", CommandResult.Of([.. command.Split(' '), "--help"]).Output.Split("Usage:")[0], StringComparison.Ordinal);

    [Fact]
    public void Help_shows_defaults_as_they_are_typed()
    {
        string help = CommandResult.Of("train", "digits", "--help").Output;

        Assert.All(
            ["[default: 256,256]", "[default: on]", "[default: auto]", "[default: adam]", "[default: 64]"],
            text => Assert.Contains(text, help, StringComparison.Ordinal));
    }

    [Fact]
    public void The_version_is_a_line_of_its_own() => Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", CommandResult.Of("--version").Output);

    [Theory]
    [InlineData("--bacth", "--batch")]
    [InlineData("--treads", "--threads")]
    [InlineData("--x", null)]
    public void The_nearest_name_is_suggested_if_it_is_near(string typed, string? expected) =>
        Assert.Equal(expected, UsageErrors.Nearest(typed, ["--batch", "--threads", "--learning-rate"]));

    private sealed class BrokenWriter : StringWriter
    {
        public override void WriteLine(string? value) => throw new NotSupportedException("broken");
    }
}
