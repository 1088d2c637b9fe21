namespace BlasNet.Cli.Models;

/// <summary>Part of the words whose head, and whose head and relation, are found; punctuation counts.</summary>
internal sealed class AttachmentScore
{
    private long _words, _heads, _arcs;

    /// <summary>UAS, 0…1.</summary>
    public double Unlabelled => (double)_heads / _words;

    /// <summary>LAS, 0…1.</summary>
    public double Labelled => (double)_arcs / _words;

    /// <summary>Adds a sentence; words without a known head do not count.</summary>
    public void Add(ParsedSentence right, Parse found)
    {
        for (int word = 1; word <= right.Length; word++)
        {
            if (right.Heads[word] == 0)
                continue;

            bool isHead = right.Heads[word] == found.Heads[word];
            _words++;
            _heads += isHead ? 1 : 0;
            _arcs += isHead && right.Relations[word] == found.Relations[word] ? 1 : 0;
        }
    }
}
