using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <summary>Lengths of a tagger's vectors, and numbers of what it tells apart.</summary>
/// <param name="Words">In the vocabulary.</param>
/// <param name="Tags">To choose from.</param>
/// <param name="Embedding">A word's vector.</param>
/// <param name="Hidden">The state of each direction.</param>
/// <param name="Mlp">The hidden layer above them.</param>
internal sealed record TaggerSizes(int Words, int Tags, int Embedding = 128, int Hidden = 50, int Mlp = 32);

/// <summary>Tags the words of ONE sentence: a vector for each, a bidirectional LSTM over them, a perceptron at each of its outputs.</summary>
internal class Tagger(Model model, TaggerSizes sizes)
{
    private readonly Embedding _words = new(model, "words", sizes.Embedding, sizes.Words);
    private readonly BidirectionalSequence _lstm = BidirectionalSequence.OfLstm(model, "lstm", sizes.Embedding, sizes.Hidden);
    private readonly Mlp _mlp = new(model, "mlp", 2 * sizes.Hidden, sizes.Mlp, sizes.Tags);

    /// <summary>The sum of the cross-entropies of all words' tags.</summary>
    public Expr Loss(Graph g, TaggedSentence sentence)
    {
        using var scratch = new Scratch<Expr>(sentence.Words.Length);
        Span<Expr> losses = scratch.Span;
        Score(g, sentence, losses);
        for (int i = 0; i < losses.Length; i++)
            losses[i] = CrossEntropy(losses[i], sentence.Tags[i]);

        return Total(losses);
    }

    /// <summary>A number for each tag, word after word; a word's largest says which tag it has.</summary>
    /// <returns>[words · tags].</returns>
    public Expr Scores(Graph g, TaggedSentence sentence)
    {
        using var scratch = new Scratch<Expr>(sentence.Words.Length);
        Score(g, sentence, scratch.Span);
        return Concatenate(scratch.Span);
    }

    /// <summary>The vector that stands for a word.</summary>
    protected virtual Expr VectorOf(Graph g, TaggedSentence sentence, int position) => _words.Of(g, sentence.Words[position]);

    private void Score(Graph g, TaggedSentence sentence, Span<Expr> scores)
    {
        using var vectors = new Scratch<Expr>(scores.Length);
        for (int i = 0; i < scores.Length; i++)
            vectors.Span[i] = VectorOf(g, sentence, i);

        _lstm.Run(vectors.Span, scores);
        foreach (ref Expr score in scores)
            score = _mlp.Apply(score);
    }
}
