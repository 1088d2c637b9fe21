using BlasNet.Graphs;
using BlasNet.Operators;

namespace BlasNet.Layers;

/// <summary>A vector for each word of a vocabulary.</summary>
/// <remarks>A training step computes gradients and updates for the words that its examples have, whatever the size of the vocabulary; unless the
/// table is used in another way, too, for example as the weight of a product.</remarks>
public sealed class Embedding
{
    /// <param name="parameters">The model, which receives <c>name.E</c> [size × vocabulary].</param>
    /// <param name="name">Unique within the model.</param>
    /// <param name="size">Length of a vector.</param>
    /// <param name="vocabulary">Number of words.</param>
    /// <param name="initializer">By default normal with variance 1/size, which gives every word a vector of length about 1, however many words there
    /// are.</param>
    public Embedding(IParameters parameters, string name, int size, int vocabulary, Initializer? initializer = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Table = parameters.Weight($"{name}.E", size, vocabulary, initializer ?? Initializer.Normal(0, 1 / Math.Sqrt(size)));
    }

    /// <summary>[size × vocabulary]; a word's vector is a column.</summary>
    public Parameter Table { get; }

    /// <summary>A word's vector.</summary>
    /// <param name="graph">The graph to add it to.</param>
    /// <param name="word">0 … vocabulary − 1.</param>
    /// <returns>[size].</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such word.</exception>
    public Expr Of(Graph graph, int word)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return Op.Lookup(graph, Table, word);
    }

    /// <summary>The vectors of several words, side by side.</summary>
    /// <param name="graph">The graph to add them to.</param>
    /// <param name="words">n of them, at least one; 0 … vocabulary − 1.</param>
    /// <returns>[size × n].</returns>
    /// <exception cref="ShapeException">There is no word.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such word in the vocabulary.</exception>
    public Expr Of(Graph graph, ReadOnlySpan<int> words)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return Op.Lookup(graph, Table, words);
    }
}
