using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using BlasNet.Drawing;

namespace BlasNet.Cli.Tour.Page;

/// <summary>Regions of this program's own source files, which are embedded in it: what a reader sees is what ran.</summary>
internal static partial class SourceCode
{
    /// <summary>The lines between <c>#region name</c> and <c>#endregion</c>, without documentation and their common indentation.</summary>
    /// <exception cref="InvalidOperationException">No such file or region.</exception>
    public static string Region(string file, string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"source/{file}")
            ?? throw new InvalidOperationException($"Error in BlasNet: {file} is not embedded.");
        string[] lines = new StreamReader(stream).ReadToEnd().ReplaceLineEndings("\n").Split('\n');
        int start = Array.FindIndex(lines, line => line.Trim() == $"#region {name}");
        int end = start < 0 ? -1 : Array.FindIndex(lines, start, line => line.Trim() == "#endregion");
        if (end < 0)
            throw new InvalidOperationException($"Error in BlasNet: {file} has no region {name}.");

        string[] region = [.. lines[(start + 1)..end].Where(line => !line.TrimStart().StartsWith("///", StringComparison.Ordinal))];
        int indent = region.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', region.Select(line => line.Length >= indent ? line[indent..] : line.Trim())).Trim('\n');
    }

    /// <summary>Number of lines that are not empty.</summary>
    public static int CountLines(string code) => code.Split('\n').Count(line => line.Trim().Length > 0);

    /// <summary>C# as HTML, with spans for keywords, comments, strings, numbers and the names of types and methods.</summary>
    public static string ToHtml(string code)
    {
        var html = new StringBuilder();
        int done = 0;
        foreach (Match token in Token().Matches(code))
        {
            string kind = token.Groups.Cast<Group>().Skip(1).First(group => group.Success).Name;
            html.Append(SvgText.Escape(code[done..token.Index])).Append("<span class=\"").Append(kind).Append("\">").Append(SvgText.Escape(token.Value)).Append("</span>");
            done = token.Index + token.Length;
        }

        return html.Append(SvgText.Escape(code[done..])).ToString();
    }

    [GeneratedRegex("""
        (?<comment>//[^\n]*)|(?<string>\$?"(?:[^"\\\n]|\\.)*")|(?<number>\b\d[\d_.]*f?\b)
        |(?<keyword>\b(?:var|int|float|double|long|bool|string|return|for|foreach|in|if|else|new|static|public|private|using|params|ref|out|while|switch|null|true|false|unsafe|fixed|const|void|this|is|not|and|or)\b)
        |(?<type>\b[A-Z]\w*\b)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();
}
