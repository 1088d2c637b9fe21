using System.Text.RegularExpressions;
using BlasNet.Cli.CommandLine;
using BlasNet.Tests.Kernels;

namespace BlasNet.Tests.Guide;

/// <summary>What the README, the packages' READMEs and the guide show: code that compiles and runs, commands that are understood, links that lead
/// somewhere.</summary>
[Collection(GemmSettings.Name)]
public sealed partial class GuideTests
{
    private static readonly string[] Languages = ["", "text", "csharp", "fsharp", "sh", "yaml", "xml", "hidden"];

    public static TheoryData<string> Pages => [.. Page.All()];

    public static TheoryData<string> PagesWithCode => [.. Page.All().Where(name => Page.Of(name).Blocks.Any(block => block.Language == "csharp"))];

    [Theory, MemberData(nameof(PagesWithCode))]
    public void Its_code_runs_and_prints_what_it_says(string page)
    {
        foreach (GuideProgram program in Page.Of(page).Programs())
        {
            string printed = ProgramRunner.Run(program, Path.Combine(Path.GetDirectoryName(Page.Of(page).Path)!, "pictures"));
            Assert.All(program.Outputs, output => Assert.True(
                output != "" && printed.Contains(output, StringComparison.Ordinal), $"{page}:{program.Line}: it prints\n{printed}and not\n{output}"));
        }
    }

    /// <summary>A block of an unknown language would be passed over in silence.</summary>
    [Theory, MemberData(nameof(Pages))]
    public void Its_blocks_are_of_known_languages(string page) =>
        Assert.All(Page.Of(page).Blocks, block => Assert.True(Languages.Contains(block.Language), $"{page}:{block.Line}: a block of '{block.Language}'"));

    /// <summary>Scripts of F# are samples, which are run with the packages.</summary>
    [Theory, MemberData(nameof(Pages))]
    public void Its_scripts_are_parts_of_samples(string page)
    {
        string source = Path.Combine(Repository.Root, "src");
        string[] samples = [.. Directory.EnumerateFiles(source, "*.fsx", SearchOption.AllDirectories).Select(File.ReadAllText)];
        Assert.All(
            Page.Of(page).Blocks.Where(block => block.Language == "fsharp"),
            block => Assert.Contains(samples, sample => sample.ReplaceLineEndings("\n").Contains(block.Text, StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Pages))]
    public void Its_commands_are_understood(string page) => Assert.All(
        Page.Of(page).Blocks.Where(block => block.Language == "sh").SelectMany(block => Command().Matches(block.Text)),
        command =>
        {
            // This machine may have fewer processors than the reader's.
            string[] arguments = Threads().Replace(command.Groups["arguments"].Value, "--threads 1").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.True(CliApplication.Check(arguments) is null, $"{page}: {command.Value}: {CliApplication.Check(arguments)}");
        });

    [Theory, MemberData(nameof(Pages))]
    public void Its_links_lead_to_files(string page)
    {
        string folder = Path.Combine(Repository.Root, Path.GetDirectoryName(page)!);
        IEnumerable<string> targets = Link().Matches(Page.Of(page).Text).Select(match => match.Groups["target"].Value);
        Assert.All(
            targets.Where(target => !target.Contains("://", StringComparison.Ordinal)),
            target => Assert.True(Path.Exists(Path.Combine(folder, target)), $"{page}: {target} is no file"));
    }

    // Up to a comment, a pipe or a redirection.
    [GeneratedRegex(@"(?m)^(?:[^#\n]*?[ (;])?blasnet (?<arguments>(?![^\n]*"")[^#\n|>()&@]*)")]
    private static partial Regex Command();

    [GeneratedRegex(@"--threads \d+")]
    private static partial Regex Threads();

    [GeneratedRegex("""(?:\]\(|src=")(?<target>[^)#"\s]+)(?:#[^)"\s]*)?[)"]""")]
    private static partial Regex Link();
}
