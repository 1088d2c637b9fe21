using System.Globalization;
using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;

namespace BlasNet.Mutate;

/// <summary>The lines of the library that a commit does not have: new code deserves more mutants than code that has been tried before.</summary>
internal sealed partial class ChangedLines
{
    private const string Folder = "src/BlasNet/";

    private readonly HashSet<(string File, int Line)> _lines = [];

    /// <param name="root">The repository.</param>
    /// <param name="commit">As git takes it.</param>
    /// <exception cref="MutateException">There is no such commit.</exception>
    public static async Task<ChangedLines> Since(string root, string commit)
    {
        BufferedCommandResult diff = await Cli.Wrap("git").WithArguments(["diff", "--unified=0", "--no-color", commit, "--", Folder])
            .WithWorkingDirectory(root).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        if (diff.ExitCode != 0)
            throw new MutateException($"git: {diff.StandardError.Trim()}");

        var changed = new ChangedLines();
        string file = "";
        foreach (string line in diff.StandardOutput.Split('\n'))
        {
            if (line.StartsWith($"+++ b/{Folder}", StringComparison.Ordinal))
                file = line[$"+++ b/{Folder}".Length..].TrimEnd();
            else if (Hunk().Match(line) is { Success: true } hunk)
                changed.Add(file, Number(hunk.Groups["start"].Value), hunk.Groups["count"] is { Success: true, Value: var count } ? Number(count) : 1);
        }

        return changed;
    }

    public bool Contains(Mutant mutant) => _lines.Contains((mutant.File, mutant.Line));

    private void Add(string file, int start, int count)
    {
        for (int line = start; line < start + count; line++)
            _lines.Add((file, line));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^@@ \S+ \+(?<start>\d+)(,(?<count>\d+))? @@")]
    private static partial Regex Hunk();
}
