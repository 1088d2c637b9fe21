using BlasNet.Cli.CommandLine;
using CliWrap.Buffered;

namespace BlasNet.Tests.Cli;

[Collection(CommandLineTests.Name)]
public sealed class CompletionTests
{
    [Theory]
    [InlineData("blasnet tr", "train")]
    [InlineData("blasnet train ", "--help classifier digits lm pairs parser tagger tagger-char tree")]
    [InlineData("blasnet train digits --opt", "--optimizer")]
    [InlineData("blasnet train digits --optimizer a", "adagrad adam adamw")]
    [InlineData("blasnet train digits --save ", "")]
    [InlineData("blasnet completion b", "bash")]
    [InlineData("blasnet nothing x", "")]
    public void What_may_stand_at_the_end_is_suggested(string line, string expected) =>
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), CommandResult.Of("complete", line).Lines);

    [Theory, InlineData("bash"), InlineData("zsh"), InlineData("fish"), InlineData("pwsh")]
    public void Each_shell_has_a_script_that_asks_the_program(string shell) =>
        Assert.Contains("blasnet complete ", CommandResult.Of("completion", shell).Output, StringComparison.Ordinal);

    [Fact]
    public void Another_shell_is_refused()
    {
        CommandResult result = CommandResult.Of("completion", "csh");
        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.Contains("csh", result.Error, StringComparison.Ordinal);
    }

    /// <summary>As bash does it when the tabulator key is pressed, with the cursor within the line.</summary>
    [Fact]
    public async Task Bash_completes_by_its_script()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "there is no bash");
        using var folder = new TemporaryFolder();
        string program = typeof(CliApplication).Assembly.Location;
        string script = folder.Write("completion.sh", CommandResult.Of("completion", "bash").Output + $$"""
            blasnet() { dotnet exec --runtimeconfig '{{Path.ChangeExtension(program, ".runtimeconfig.json")}}' '{{program}}' "$@"; }
            COMP_LINE='blasnet train tagger-c --json' COMP_POINT=17
            _blasnet
            echo "${COMPREPLY[@]}"
            """);
        BufferedCommandResult result = await CliWrap.Cli.Wrap("/bin/bash").WithArguments([script]).ExecuteBufferedAsync(TestContext.Current.CancellationToken);
        Assert.Equal("tagger tagger-char\n", result.StandardOutput);
    }
}
