using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Text;

/// <summary>Losses of vectors of texts, as expressions for one example. Of classes it is <see cref="Op.CrossEntropy(Expr, int)"/>.</summary>
/// <example><code>
/// var trainer = new Trainer&lt;(string A, string B, double Score)&gt;(
///     encoder.Model, (graph, pair) => TextLosses.CosineError(encoder.Vector(graph, pair.A), encoder.Vector(graph, pair.B), pair.Score), new AdamW(2e-5));
/// </code></example>
public static class TextLosses
{
    /// <summary>The cosine of the angle between two vectors: a·b / (|a|·|b|).</summary>
    /// <param name="a">[d], not zeros.</param>
    /// <param name="b">[d], not zeros.</param>
    /// <returns>A scalar, −1 … 1.</returns>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Expr Cosine(Expr a, Expr b) => Op.Dot(a, b) / Op.Sqrt(Op.Dot(a, a) * Op.Dot(b, b));

    /// <summary>How far the cosine of two texts' vectors is from their score: (cos(a, b) − s)².</summary>
    /// <param name="a">[d], not zeros.</param>
    /// <param name="b">[d], not zeros.</param>
    /// <param name="score">s: 1 for texts that say the same, 0 for those that have nothing to do with each other, or between.</param>
    /// <returns>A scalar.</returns>
    /// <remarks>Source: Reimers, Gurevych, "Sentence-BERT", EMNLP 2019, arXiv:1908.10084, section 3.</remarks>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Expr CosineError(Expr a, Expr b, double score) => Op.Square(Cosine(a, b) - score);

    /// <summary>Multiple negatives ranking: each query is to find its own passage among those of all queries of a group,
    /// (1/n)·Σᵢ −ln softmax_j(s·cos(qᵢ, pⱼ))ᵢ.</summary>
    /// <param name="queries">q, [d] each, not zeros; n of them.</param>
    /// <param name="passages">p, [d] each, not zeros: first the one that belongs to each query; those after these belong to no query.</param>
    /// <param name="scale">s, the inverse temperature.</param>
    /// <returns>A scalar, in nats.</returns>
    /// <remarks>Negatives are of one example, so an example is a group of pairs: <c>new Trainer&lt;TextInput[]&gt;(…)</c> over <c>pairs.Chunk(32)</c>, with an
    /// <see cref="Training.Trainer{TExample}.OptimizationBatch"/> of few groups. Larger groups make the task harder and the vectors better.
    /// Source: Henderson et al., "Efficient Natural Language Response Suggestion for Smart Reply", 2017, arXiv:1705.00652, section 4.4.</remarks>
    /// <exception cref="ArgumentException">There is no query, or there are fewer passages.</exception>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Expr MultipleNegatives(ReadOnlySpan<Expr> queries, ReadOnlySpan<Expr> passages, double scale = 20)
    {
        if (queries.Length == 0 || passages.Length < queries.Length)
        {
            throw new ArgumentException(
                $"there must be a query, and a passage for each: there are {queries.Length} queries and {passages.Length} passages.", nameof(queries));
        }

        // [passages × queries]: the scores of a query are a column.
        Expr cosines = Op.MatMulTransposed(SideBySide(passages), SideBySide(queries));
        return Op.Mean(Op.CrossEntropy(cosines * scale, [.. Enumerable.Range(0, queries.Length)]));
    }

    /// <summary>x / |x|.</summary>
    internal static Expr Normalized(Expr x) => x / Op.Sqrt(Op.Dot(x, x));

    private static Expr SideBySide(ReadOnlySpan<Expr> vectors)
    {
        var normalized = new Expr[vectors.Length];
        for (int i = 0; i < normalized.Length; i++)
            normalized[i] = Normalized(vectors[i]);

        return Op.ConcatenateColumns(normalized);
    }
}
