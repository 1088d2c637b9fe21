using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;

namespace BlasNet.Cli.CommandLine;

/// <summary>Writes a command's help: what it does, examples, usage, and its commands and options. No word is broken where the screen is narrow.</summary>
/// <remarks>Of a command below it, only the first clause of its description is shown; its own help has the rest.</remarks>
internal sealed partial class HelpWriter(TextWriter output, int width)
{
    /// <summary>Longer names of options have their descriptions below them.</summary>
    private const int LongestTerm = 26;

    /// <summary>On a narrower screen all have them below.</summary>
    private const int NarrowWidth = 72;

    private const int MaximumWidth = 120, WidthOfFiles = 100;

    private int _column;

    /// <summary>Columns of the screen, or what a file is written with; not more than lines that are easily read.</summary>
    public static int ScreenWidth
    {
        get
        {
            int screen = Console.IsOutputRedirected ? WidthOfFiles : Console.WindowWidth;
            return screen <= 0 ? WidthOfFiles : Math.Min(screen, MaximumWidth);
        }
    }

    /// <summary>The option <c>--help</c>, for a command and all below it.</summary>
    public static HelpOption NewOption(TextWriter output) => new() { Description = "Show this help.", Action = new HelpAction(output) };

    public void Write(Command command)
    {
        foreach (string line in Paragraphs(command.Description ?? ""))
            WriteWrapped(line, hanging: line.StartsWith(' ') ? 4 : 0);

        output.WriteLine();
        WriteWrapped($"Usage: {Usage(command)}", hanging: 4);
        Write("Arguments", command.Arguments.Where(argument => !argument.Hidden).Select(argument => (Placeholder(argument), Described(argument))));
        Write("Commands", command.Subcommands.Where(sub => !sub.Hidden).Select(sub => (Term(sub), FirstClause(sub.Description ?? ""))));
        Write("Options", OptionsOf(command).Where(option => !option.Hidden).Select(option => (Term(option), Described(option))));
    }

    /// <summary>What a command does, up to the first colon, semicolon or full stop.</summary>
    internal static string FirstClause(string description)
    {
        string first = Paragraphs(description)[0];
        int end = 0;
        while (end < first.Length && !(first[end] is '.' or ':' or ';' && (end + 1 == first.Length || first[end + 1] == ' ')))
            end++;
        return first[..end];
    }

    // However long the lines of the source are. Examples, which are indented, keep theirs.
    private static string[] Paragraphs(string description) => LineWithin().Replace(description, " ").Split('\n');

    [GeneratedRegex(@"(?<=\S)\n(?=\S)")]
    private static partial Regex LineWithin();

    private static IEnumerable<Option> OptionsOf(Command command)
    {
        IEnumerable<Option> options = command.Options;
        for (Command? above = ParentOf(command); above is not null; above = ParentOf(above))
            options = options.Concat(above.Options.Where(option => option.Recursive));

        return options;
    }

    private static Command? ParentOf(Command command) => command.Parents.OfType<Command>().FirstOrDefault();

    private static string Usage(Command command)
    {
        string names = command.Name;
        for (Command? above = ParentOf(command); above is not null; above = ParentOf(above))
            names = $"{above.Name} {names}";

        return string.Join(' ', [names, .. command.Arguments.Select(Placeholder), .. command.Subcommands.Count > 0 ? (string[])["COMMAND"] : [], "[options]"]);
    }

    private static string Placeholder(Argument argument) => argument.HasDefaultValue ? $"[{argument.Name}]" : $"<{argument.Name}>";

    private static string Term(Command command) => string.Join(' ', [command.Name, .. command.Arguments.Select(Placeholder)]);

    private static string Term(Option option) => string.Join(
        ", ", option.Aliases.Where(alias => alias is ['-', not '?', ..]).Append(option.Name)) + (option.HelpName is { } value ? $" <{value}>" : "");

    private static string Described(Option option) => option.HasDefaultValue && option.GetDefaultValue() is { } value and not false
        ? $"{option.Description} [default: {value}]"
        : $"{option.Description}{(option.Required ? " Required." : "")}";

    private static string Described(Argument argument) =>
        argument.HasDefaultValue && argument.GetDefaultValue() is { } value ? $"{argument.Description} [default: {value}]" : argument.Description ?? "";

    private void Write(string title, IEnumerable<(string Term, string Description)> entries)
    {
        (string Term, string Description)[] all = [.. entries];
        if (all.Length == 0)
            return;

        output.WriteLine($"\n{title}:");
        int longest = all.Select(entry => entry.Term.Length).Where(length => length <= LongestTerm).DefaultIfEmpty(0).Max();
        int indent = width < NarrowWidth ? 6 : longest + 4;
        foreach ((string term, string description) in all)
        {
            bool isBelow = width < NarrowWidth || term.Length > longest;
            if (isBelow)
                WriteWrapped($"  {term}", hanging: 2);
            else
                Append($"  {term}");

            WriteWrapped(description, indent, startsAt: indent);
        }
    }

    /// <summary>Writes words, and goes on at <paramref name="hanging"/> columns more than the line's own where the width ends.</summary>
    private void WriteWrapped(string line, int hanging, int startsAt = 0)
    {
        int own = line.Length - line.TrimStart().Length, next = startsAt > 0 ? startsAt : own + hanging;
        Append(new string(' ', Math.Max(0, startsAt - _column) + own));
        bool isFirst = true;
        foreach (string word in Words(line.Trim()))
        {
            bool fits = isFirst || _column + word.Length <= width;
            if (!fits)
            {
                EndLine();
                Append(new string(' ', next));
            }

            Append(fits ? word : word.TrimStart());
            isFirst = false;
        }

        EndLine();
    }

    /// <summary>The words, each with the spaces before it, which align tables of examples; and the alternatives of a value, which <c>|</c> divides.</summary>
    private static IEnumerable<string> Words(string line)
    {
        for (int start = 0; start < line.Length;)
        {
            int end = start;
            while (end < line.Length && line[end] == ' ')
                end++;
            while (end < line.Length && line[end] is not (' ' or '|'))
                end++;
            if (end < line.Length && line[end] == '|')
                end++;
            yield return line[start..end];
            start = end;
        }
    }

    private void Append(string text)
    {
        output.Write(text);
        _column += text.Length;
    }

    private void EndLine()
    {
        output.WriteLine();
        _column = 0;
    }

    private sealed class HelpAction(TextWriter output) : SynchronousCommandLineAction
    {
        /// <summary>Who asks for help need not have written the rest.</summary>
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            new HelpWriter(output, ScreenWidth).Write(parseResult.CommandResult.Command);
            return ExitCodes.Success;
        }
    }
}
