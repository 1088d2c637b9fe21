using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <summary>A tagger that reads rare words letter by letter: what a bidirectional LSTM over its characters makes of a word is the word's vector.</summary>
/// <param name="model">Receives the parameters.</param>
/// <param name="sizes">The embedding must be even: each direction over the characters gives half of it.</param>
/// <param name="characters">How many are told apart.</param>
/// <param name="characterEmbedding">Length of a character's vector.</param>
internal sealed class CharacterTagger(Model model, TaggerSizes sizes, int characters, int characterEmbedding = 20) : Tagger(model, sizes)
{
    private readonly Embedding _characters = new(model, "characters", characterEmbedding, characters);
    private readonly BidirectionalSequence _spelling = BidirectionalSequence.OfLstm(model, "spelling", characterEmbedding, sizes.Embedding / 2);

    // Words between two spelled ones are looked up together.
    protected override Expr VectorsOf(Graph g, TaggedSentence sentence)
    {
        using var parts = new Scratch<Expr>(sentence.Words.Length);
        int count = 0;
        for (int start = 0, end; start < sentence.Words.Length; start = end)
        {
            end = start + 1;
            while (sentence.Characters[start] is null && end < sentence.Words.Length && sentence.Characters[end] is null)
                end++;

            parts.Span[count++] = sentence.Characters[start] is { } spelling
                ? _spelling.Summarize(_characters.Of(g, spelling))
                : Words.Of(g, sentence.Words.AsSpan(start..end));
        }

        return ConcatenateColumns(parts.Span[..count]);
    }

    protected override Expr VectorOf(Graph g, TaggedSentence sentence, int position)
    {
        if (sentence.Characters[position] is not { } spelling)
            return base.VectorOf(g, sentence, position);

        using var vectors = new Scratch<Expr>(spelling.Length);
        for (int i = 0; i < spelling.Length; i++)
            vectors.Span[i] = _characters.Of(g, spelling[i]);

        return _spelling.Summarize(vectors.Span);
    }
}
