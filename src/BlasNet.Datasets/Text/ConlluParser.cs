using System.Globalization;

namespace BlasNet.Datasets;

/// <summary>Reads one CoNLL-U sentence after another and checks it.</summary>
internal sealed class ConlluParser(LineReader lines, bool requireTags)
{
    private const int Columns = 10;
    private const int Id = 0, Form = 1, Lemma = 2, Upos = 3, Xpos = 4, Head = 6, Relation = 7;

    private static readonly string[] Names = ["ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC"];

    private readonly StringPool _pool = new();
    private readonly List<ConlluWord> _words = [];
    private readonly List<long> _lineNumbers = [];
    private readonly Range[] _columns = new Range[Columns + 1];
    private int _rangeEnd;
    private long _rangeLine;

    /// <summary>The next sentence; null at the end of the file.</summary>
    public ConlluWord[]? Read()
    {
        _words.Clear();
        _lineNumbers.Clear();
        _rangeEnd = 0;

        while (lines.MoveNext())
        {
            ReadOnlySpan<char> line = lines.Characters;

            if (!line.IsEmpty && line[0] != '#')
                ReadLine(line);
            else if (_words.Count == 0)
                CheckRange();
            else if (line.IsEmpty)
                return Sentence();
            else
                throw lines.Error("a comment within a sentence; an empty line is expected before it");
        }

        CheckRange();
        return _words.Count > 0 ? Sentence() : null;
    }

    private void ReadLine(ReadOnlySpan<char> line)
    {
        if (line.IndexOfAnyExcept(" \t\v\f\r") < 0)
            throw lines.Error("has white space only; an empty line is expected between sentences");

        int columns = line.Split(_columns, '\t');

        if (columns != Columns)
            throw lines.Error($"{Columns} columns separated by tabs expected, got {line.Count('\t') + 1}");

        for (int column = 0; column < Columns; column++)
        {
            if (line[_columns[column]].IsEmpty)
                throw lines.Error($"column {column + 1} ({Names[column]}) is empty; '_' stands for no value");
        }

        ReadOnlySpan<char> id = line[_columns[Id]];
        int hyphen = id.IndexOf('-'), dot = id.IndexOf('.');

        if (hyphen >= 0)
            ReadRange(id, id[..hyphen], id[(hyphen + 1)..]);
        else if (dot >= 0)
            CheckEmptyNode(id, id[..dot], id[(dot + 1)..]);
        else if (IsNumber(id, out int number) && number == _words.Count + 1)
            AddWord(line);
        else
            throw IdError(id);
    }

    private void AddWord(ReadOnlySpan<char> line)
    {
        ReadOnlySpan<char> head = line[_columns[Head]];
        int? headId = IsNumber(head, out int number) ? number
            : head is "_" ? null
            : throw lines.Error($"column {Head + 1} (HEAD): {ErrorText.Quote(head)} is neither a word's ID nor 0 nor '_'");

        if (requireTags && line[_columns[Upos]] is "_")
            throw lines.Error($"column {Upos + 1} (UPOS) is '_'; a tag is needed");

        _words.Add(new ConlluWord(
            Text(line, Form), Text(line, Lemma), Text(line, Upos), Text(line, Xpos), headId, Text(line, Relation)));
        _lineNumbers.Add(lines.Number);
    }

    /// <summary>A multiword token stands before the first of its words, and the next one after its last.</summary>
    private void ReadRange(ReadOnlySpan<char> id, ReadOnlySpan<char> first, ReadOnlySpan<char> last)
    {
        if (!IsNumber(first, out int start) || !IsNumber(last, out int end) ||
            start != _words.Count + 1 || end < start || start <= _rangeEnd)
            throw IdError(id);

        (_rangeEnd, _rangeLine) = (end, lines.Number);
    }

    /// <summary>An empty node follows the word it is numbered after; those before the first word are 0.1, 0.2….</summary>
    private void CheckEmptyNode(ReadOnlySpan<char> id, ReadOnlySpan<char> word, ReadOnlySpan<char> node)
    {
        if (!IsNumber(word, out int after) || !IsNumber(node, out int number) || after != _words.Count || number < 1)
            throw IdError(id);
    }

    private ConlluWord[] Sentence()
    {
        CheckRange();

        for (int i = 0; i < _words.Count; i++)
        {
            int head = _words[i].Head ?? 0;

            if (head > _words.Count || head == i + 1)
            {
                throw lines.ErrorAt(_lineNumbers[i],
                    $"column {Head + 1} (HEAD): {head} is not another word of the sentence, which has {_words.Count}");
            }
        }

        RequireNoCycle();
        return [.. _words];
    }

    /// <summary>Follows the heads of each word up to the root, or to a word that an earlier walk came by: O(n).</summary>
    private void RequireNoCycle()
    {
        Span<int> walks = _words.Count <= 256 ? stackalloc int[_words.Count] : new int[_words.Count];
        walks.Clear();
        for (int start = 0; start < walks.Length; start++)
        {
            int word = start;
            for (; word >= 0 && walks[word] == 0; word = (_words[word].Head ?? 0) - 1)
                walks[word] = start + 1;

            if (word >= 0 && walks[word] == start + 1)
            {
                throw lines.ErrorAt(_lineNumbers[word],
                    $"column {Head + 1} (HEAD): the heads of word {word + 1} come back to it; each word's must lead to the root, 0");
            }
        }
    }

    private void CheckRange()
    {
        if (_rangeEnd > _words.Count)
        {
            throw lines.ErrorAt(_rangeLine,
                $"column {Id + 1} (ID): the multiword token ends with word {_rangeEnd}; the sentence has {_words.Count}");
        }
    }

    private DataFormatException IdError(ReadOnlySpan<char> id) => lines.Error(
        $"column {Id + 1} (ID): {_words.Count + 1} expected, got {ErrorText.Quote(id)}" +
        (id is "1" ? "; an empty line is expected between sentences" : ""));

    private string Text(ReadOnlySpan<char> line, int column) => _pool.Get(line[_columns[column]]);

    private static bool IsNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
