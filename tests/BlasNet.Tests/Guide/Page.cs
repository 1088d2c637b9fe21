using System.Text;
using System.Text.RegularExpressions;

namespace BlasNet.Tests.Guide;

/// <summary>A fenced block of a page, and the comment before it.</summary>
/// <param name="Line">Of the block's first line, from 1.</param>
/// <param name="Language">What follows the fence; empty for plain text.</param>
/// <param name="Text">Its lines.</param>
/// <param name="Marks">The words of the HTML comments directly before it.</param>
internal sealed record Block(int Line, string Language, string Text, IReadOnlyList<string> Marks);

/// <summary>A program of a page: one block, or several of which the later continue the first.</summary>
/// <param name="Line">Of its first line that is shown.</param>
/// <param name="Code">C#, each part after a #line directive.</param>
/// <param name="Outputs">What the page says that it prints.</param>
internal sealed record GuideProgram(int Line, string Code, IReadOnlyList<string> Outputs);

/// <summary>A page of Markdown whose code is run. HTML comments, which readers do not see, join its blocks:</summary>
/// <remarks><list type="bullet">
/// <item><c>hidden</c>, a line end and code: runs before the block that follows;</item>
/// <item><c>continues</c>: the block that follows goes on with the program of the block before;</item>
/// <item><c>output</c>: the block that follows is printed by that program.</item>
/// </list></remarks>
internal sealed partial class Page
{
    public Page(string path)
    {
        Path = path;
        Text = File.ReadAllText(path).ReplaceLineEndings("\n");
        Blocks = [.. ReadBlocks(Text)];
    }

    public string Path { get; }

    public string Text { get; }

    /// <summary>Hidden code is a block of the language <c>hidden</c>.</summary>
    public IReadOnlyList<Block> Blocks { get; }

    /// <summary>The README, those of the packages, and the guide, as paths from the repository's root.</summary>
    public static IEnumerable<string> All() => Directory.EnumerateFiles(System.IO.Path.Combine(Repository.Root, "src"), "*.md", SearchOption.AllDirectories)
        .Append(System.IO.Path.Combine(Repository.Root, "README.md"))
        .Select(file => System.IO.Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
        .Where(file => !file.Split('/').Any(folder => folder is "bin" or "obj"))
        .Order(StringComparer.Ordinal);

    public static Page Of(string name) => new(System.IO.Path.Combine(Repository.Root, name));

    /// <exception cref="InvalidDataException">A block continues none, hidden code has no block, or an output no program.</exception>
    public IEnumerable<GuideProgram> Programs()
    {
        var programs = new List<(int Line, StringBuilder Code, List<string> Outputs)>();
        var hidden = new StringBuilder();
        foreach (Block block in Blocks)
        {
            string code = $"#line {block.Line} \"{Path}\"\n{block.Text}\n";
            bool continues = block.Marks.Contains("continues");
            if (block.Language == "hidden")
            {
                hidden.Append(code);
            }
            else if (block.Language == "csharp")
            {
                if (!continues)
                    programs.Add((block.Line, new StringBuilder(), []));
                else if (programs.Count == 0)
                    throw Error(block.Line, "continues no block");

                programs[^1].Code.Append(hidden).Append(code);
                hidden.Clear();
            }
            else if (block.Marks.Contains("output"))
            {
                if (programs.Count == 0)
                    throw Error(block.Line, "is the output of no program");

                programs[^1].Outputs.Add(block.Text);
            }
        }

        return hidden.Length == 0
            ? programs.Select(program => new GuideProgram(program.Line, program.Code.ToString(), program.Outputs))
            : throw Error(0, "has hidden code without a block after it");
    }

    private InvalidDataException Error(int line, string what) => new($"{Path}:{line}: {what}.");

    private static IEnumerable<Block> ReadBlocks(string text)
    {
        foreach (Match match in BlockOrComment().Matches(text))
        {
            int line = text.AsSpan(0, match.Groups["body"].Index).Count('\n') + 1;
            string[] marks = [.. match.Groups["mark"].Captures.Select(capture => capture.Value)];
            yield return new Block(line, match.Groups["hidden"].Success ? "hidden" : match.Groups["language"].Value.Trim(), match.Groups["body"].Value, marks);
        }
    }

    [GeneratedRegex("""
        (?m)^<!--\ (?<hidden>hidden)\n(?<body>(.*\n)*?)-->$
        |(^<!--\ (?<mark>[a-z]+)\ -->\n+)*^```(?<language>[^\n`]*)\n(?<body>(.*\n)*?)```$
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex BlockOrComment();
}
