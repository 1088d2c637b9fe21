using System.CommandLine.Parsing;
using System.Text;

namespace BlasNet.Cli.CommandLine;

/// <summary>Puts the arguments of a file in the place of <c>@FILE</c>.</summary>
/// <remarks>Text in UTF-8. White space separates arguments, quotation marks hold them together, a line that begins with <c>#</c> is a comment. A file may
/// name others, relative to the current directory. Behind <c>--</c> nothing is replaced.</remarks>
internal sealed class ResponseFile
{
    private const int MaximumBytes = 1 << 20, MaximumArguments = 1 << 16, MaximumFiles = 1000;

    private readonly List<string> _expanded = [];
    private readonly List<string> _open = [];   // the files that are being read, the innermost one last
    private int _files;

    /// <exception cref="ResponseFileException">A file cannot be read, is no text, refers to itself, or there are too many files or arguments.</exception>
    public static IReadOnlyList<string> Expand(IReadOnlyList<string> args)
    {
        var all = new ResponseFile();
        all.Add(args);
        return all._expanded;
    }

    private void Add(IEnumerable<string> args)
    {
        foreach (string argument in args)
        {
            if (argument is ['@', _, ..] && !_expanded.Contains("--"))
                AddFile(argument[1..]);
            else if (_expanded.Count < MaximumArguments)
                _expanded.Add(argument);
            else
                throw new ResponseFileException($"There are more than {MaximumArguments:N0} arguments.");
        }
    }

    private void AddFile(string file)
    {
        string full = FullPath(file);
        if (_open.Contains(full))
            throw Error(file, _open[^1] == full ? "refers to itself" : $"refers to itself, by way of {_open[^1]}");

        if (++_files > MaximumFiles)
            throw Error(file, $"is one of more than {MaximumFiles:N0} files of arguments");

        _open.Add(full);
        Add(Read(file));
        _open.RemoveAt(_open.Count - 1);
    }

    private static List<string> Read(string file)
    {
        List<string> args = [];
        foreach (string line in Text(file).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            args.AddRange(CommandLineParser.SplitCommandLine(line).TakeWhile(arg => !arg.StartsWith('#')));

        return args;
    }

    private static string Text(string file)
    {
        if (Directory.Exists(file))
            throw Error(file, "is a directory; a file of arguments is expected");

        try
        {
            return TextOf(file, Bytes(file));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Error(file, "does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Error(file, $"cannot be read: {e.Message}");
        }
    }

    private static ReadOnlySpan<byte> Bytes(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] bytes = new byte[MaximumBytes + 1];
        int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= MaximumBytes ? bytes.AsSpan(0, length) : throw Error(file, $"is longer than {MaximumBytes:N0} bytes; arguments are expected");
    }

    private static string TextOf(string file, ReadOnlySpan<byte> bytes)
    {
        string text;
        try
        {
            text = StrictUtf8.Encoding.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw Error(file, $"is not text: byte {e.Index} is not UTF-8");
        }

        int control = text.AsSpan().IndexOfAnyInRange('\0', '\b');
        return control < 0 ? text.TrimStart('\uFEFF') : throw Error(file, $"is not text: character {control + 1} is a control character");
    }

    private static string FullPath(string file)
    {
        try
        {
            string full = Path.GetFullPath(file);
            return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            return file;   // reading it says what is wrong
        }
    }

    private static ResponseFileException Error(string file, string rule) => new($"@{file}: {rule}.");
}
