using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Models;

/// <content>The same model word by word, as a loop: what <c>bench --written loops</c> measures.</content>
internal sealed partial class LanguageModel
{
    private readonly Function<Expr, Expr, Expr> _loss;

    /// <summary>As <see cref="Loss"/>.</summary>
    public Expr LossByLoops(Graph g, int[] sentence)
    {
        using Scratch<Expr> vectors = new(PredictionsOf(sentence)), states = new(PredictionsOf(sentence));
        for (int i = 0; i <= sentence.Length; i++)
            vectors.Span[i] = _words.Of(g, i == 0 ? _boundary : sentence[i - 1]);

        _lstm.Run(vectors.Span, states.Span);
        Span<Expr> losses = states.Span;
        for (int i = 0; i <= sentence.Length; i++)
            losses[i] = _loss.Call(losses[i], g.Index(i == sentence.Length ? _boundary : sentence[i]));

        return Total(losses);
    }
}
