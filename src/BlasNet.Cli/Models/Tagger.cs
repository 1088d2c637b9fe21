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
internal class Tagger
{
    private readonly Embedding _words;
    private readonly BidirectionalSequence _lstm;
    private readonly Function<Expr, Expr, Expr> _scores;
    private readonly Function<Expr, Expr, Expr, Expr> _loss;

    public Tagger(Model model, TaggerSizes sizes)
    {
        _words = new Embedding(model, "words", sizes.Embedding, sizes.Words);
        _lstm = BidirectionalSequence.OfLstm(model, "lstm", sizes.Embedding, sizes.Hidden);
        var mlp = new Mlp(model, "mlp", 2 * sizes.Hidden, sizes.Mlp, sizes.Tags);
        _scores = Function.Of("scores", (Expr ahead, Expr back) => mlp.Apply(Concatenate(ahead, back)));
        _loss = Function.Of("loss", (Expr ahead, Expr back, Expr tag) => CrossEntropy(_scores.Call(ahead, back), tag));
    }

    /// <summary>The sum of the cross-entropies of all words' tags.</summary>
    public Expr Loss(Graph g, TaggedSentence sentence)
    {
        using Scratch<Expr> ahead = new(sentence.Words.Length), back = new(sentence.Words.Length);
        Read(g, sentence, ahead.Span, back.Span);
        for (int i = 0; i < sentence.Words.Length; i++)
            ahead.Span[i] = _loss.Call(ahead.Span[i], back.Span[i], g.Index(sentence.Tags[i]));

        return Total(ahead.Span);
    }

    /// <summary>A number for each tag, word after word; a word's largest says which tag it has.</summary>
    /// <returns>[words · tags].</returns>
    public Expr Scores(Graph g, TaggedSentence sentence)
    {
        using Scratch<Expr> ahead = new(sentence.Words.Length), back = new(sentence.Words.Length);
        Read(g, sentence, ahead.Span, back.Span);
        for (int i = 0; i < sentence.Words.Length; i++)
            ahead.Span[i] = _scores.Call(ahead.Span[i], back.Span[i]);

        return Concatenate(ahead.Span);
    }

    /// <summary>The vector that stands for a word.</summary>
    protected virtual Expr VectorOf(Graph g, TaggedSentence sentence, int position) => _words.Of(g, sentence.Words[position]);

    // What each direction has seen, at each word.
    private void Read(Graph g, TaggedSentence sentence, Span<Expr> ahead, Span<Expr> back)
    {
        using var vectors = new Scratch<Expr>(ahead.Length);
        for (int i = 0; i < ahead.Length; i++)
            vectors.Span[i] = VectorOf(g, sentence, i);

        _lstm.Run(vectors.Span, ahead, back);
    }
}
