using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <content>The same model word by word, as a loop: what <c>bench --written loops</c> measures.</content>
internal partial class Tagger
{
    private readonly Function<Expr, Expr, Expr> _scores;
    private readonly Function<Expr, Expr, Expr, Expr> _loss;

    /// <summary>As <see cref="Loss"/>.</summary>
    public Expr LossByLoops(Graph g, TaggedSentence sentence)
    {
        int words = sentence.Words.Length;
        using Scratch<Expr> vectors = new(words), ahead = new(words), back = new(words);
        for (int i = 0; i < words; i++)
            vectors.Span[i] = VectorOf(g, sentence, i);

        _lstm.Run(vectors.Span, ahead.Span, back.Span);
        for (int i = 0; i < words; i++)
            ahead.Span[i] = _loss.Call(ahead.Span[i], back.Span[i], g.Index(sentence.Tags[i]));

        return Total(ahead.Span);
    }

    /// <summary>The vector that stands for a word.</summary>
    protected virtual Expr VectorOf(Graph g, TaggedSentence sentence, int position) => Words.Of(g, sentence.Words[position]);

    private (Function<Expr, Expr, Expr> Scores, Function<Expr, Expr, Expr, Expr> Loss) FunctionsOfLoops()
    {
        var scores = Function.Of("scores", (Expr ahead, Expr back) => _mlp.Apply(Concatenate(ahead, back)));
        return (scores, Function.Of("loss", (Expr ahead, Expr back, Expr tag) => CrossEntropy(scores.Call(ahead, back), tag)));
    }
}
