using System.Buffers;
using System.Runtime.InteropServices;

namespace BlasNet.Datasets;

/// <summary>Reads one tree after another, with a stack of its own: depth is limited by memory only.</summary>
internal sealed class TreeParser(LineReader lines)
{
    private static readonly SearchValues<char> WhiteSpace = SearchValues.Create(" \t\r\v\f");
    private static readonly SearchValues<char> EndOfToken = SearchValues.Create(" \t\r\v\f()");

    private readonly StringPool _pool = new();
    private readonly Stack<Bracket> _open = new();
    private readonly List<Tree> _trees = []; // the children of all open brackets
    private string _line = "";
    private int _position;
    private (long Line, int Column) _end; // behind the last line that was not empty

    /// <summary>An open bracket; its children are the trees from <paramref name="FirstChild"/> on.</summary>
    private readonly record struct Bracket(int FirstChild, string? Label = null, string? Word = null);

    /// <summary>The next tree; null at the end of the file.</summary>
    public Tree? Read()
    {
        for (; ; )
        {
            while (SkipWhiteSpace())
            {
                switch (_line[_position])
                {
                    case '(':
                        Open();
                        break;

                    case ')' when Close() is { } tree:
                        return tree;

                    case ')':
                        break;

                    default:
                        ReadToken();
                        break;
                }
            }

            if (!lines.MoveNext())
                return _open.Count == 0 ? null : throw Unclosed("");

            (_line, _position) = (lines.Text, 0);

            if (_open.Count > 0 && _line is ['(', ..])
                throw Unclosed("; a line that begins with '(' begins a new tree");

            if (_line.AsSpan().LastIndexOfAnyExcept(WhiteSpace) is >= 0 and int last)
                _end = (lines.Number, last + 2);
        }
    }

    private bool SkipWhiteSpace()
    {
        int skipped = _line.AsSpan(_position).IndexOfAnyExcept(WhiteSpace);
        _position = skipped < 0 ? _line.Length : _position + skipped;
        return skipped >= 0;
    }

    private void Open()
    {
        if (_open.TryPeek(out Bracket outer) && outer.Word is not null)
            throw Missing("')'");

        _open.Push(new Bracket(_trees.Count));
        _position++;
    }

    /// <returns>The tree, if it is now complete.</returns>
    private Tree? Close()
    {
        if (!_open.TryPop(out Bracket bracket))
            throw Missing("'(' before this ')'");

        int children = _trees.Count - bracket.FirstChild;

        if (bracket.Label is null && children == 0)
            throw Missing("label");

        if (bracket.Word is null && children == 0)
            throw Missing("word or '('");

        Tree tree = bracket.Label is null && children == 1
            ? _trees[^1]
            : new Tree(bracket.Label ?? "", bracket.Word, CollectionsMarshal.AsSpan(_trees)[bracket.FirstChild..].ToArray());

        _trees.RemoveRange(bracket.FirstChild, children);
        _position++;

        if (_open.Count == 0)
            return tree;

        _trees.Add(tree);
        return null;
    }

    private void ReadToken()
    {
        ReadOnlySpan<char> token = _line.AsSpan(_position);
        int length = token.IndexOfAny(EndOfToken);
        token = length < 0 ? token : token[..length];

        if (!_open.TryPop(out Bracket bracket))
            throw Missing("'('", token);

        if (bracket.Word is not null)
            throw Missing("')'", token);

        if (_trees.Count > bracket.FirstChild)
            throw Missing("'(' or ')'", token);

        string text = _pool.Get(token);
        _open.Push(bracket.Label is null ? bracket with { Label = text } : bracket with { Word = text });
        _position += token.Length;
    }

    private DataFormatException Missing(string what, ReadOnlySpan<char> found = default) =>
        lines.Error($"{what} missing at column {_position + 1}{(found.IsEmpty ? "" : $", got {ErrorText.Quote(found)}")}");

    private DataFormatException Unclosed(string reason) => lines.ErrorAt(_end.Line, $"')' missing at column {_end.Column}{reason}");
}
