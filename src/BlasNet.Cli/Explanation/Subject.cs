using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using static BlasNet.Operators.Op;

namespace BlasNet.Cli.Explanation;

/// <summary>A small network to explain batching with.</summary>
/// <param name="Formula">What one example's loss is.</param>
/// <param name="Define">Adds the parameters to a model and returns one example's loss as a function of the example's number.</param>
internal sealed record Subject(string Formula, Func<Model, Func<Graph, int, Expr>> Define)
{
    /// <summary>One weight, and a loss that depends on it and on one example: s = ℓ(w, x).</summary>
    public static Subject OneWeight { get; } = new("s = ℓ(w, x) = Σ (w·x)²", model =>
    {
        #region weight
        Parameter w = model.Weight("w", outputs: 2, inputs: 3);
        return (g, example) => Sum(Square(w * g.Input([example, 1f, 2f])));
        #endregion
    });

    /// <summary>Two layers and three classes.</summary>
    public static Subject Perceptron { get; } = new("s = cross-entropy(W2·tanh(W1·x + b1) + b2, label)", model =>
    {
        #region mlp
        var (w1, b1) = (model.Weight("W1", outputs: 5, inputs: 4), model.Bias("b1", 5));
        var (w2, b2) = (model.Weight("W2", outputs: 3, inputs: 5), model.Bias("b2", 3));
        return (g, example) =>
        {
            Expr h = Tanh(w1 * g.Input([example, 1f, 2f, 3f]) + b1);
            return CrossEntropy(w2 * h + b2, label: example % 3);
        };
        #endregion
    });

    /// <summary>A recurrence over sequences of 2, 3, 4, … vectors.</summary>
    public static Subject Recurrence { get; } = new("s = cross-entropy(V·hₙ, label) with hₜ = tanh(W·xₜ + U·hₜ₋₁)", model =>
    {
        #region rnn
        Parameter w = model.Weight("W", outputs: 4, inputs: 3), u = model.Weight("U", outputs: 4, inputs: 4);
        Parameter v = model.Weight("V", outputs: 2, inputs: 4);
        return (g, example) =>
        {
            Expr h = Tanh(w * g.Input([example, 1f, 0f]).Named("x"));
            for (int t = 2; t <= 2 + example % 7; t++)
                h = Tanh(w * g.Input([example, 1f, t]).Named("x") + u * h);

            return CrossEntropy(v * h, label: example % 2);
        };
        #endregion
    });

    /// <summary>A recursion over binary trees of different shapes.</summary>
    public static Subject Tree { get; } = new("s = cross-entropy(V·h(tree), label) with h(leaf) = tanh(W·x), h(node) = tanh(L·h(left) + R·h(right))", model =>
    {
        #region tree
        Parameter w = model.Weight("W", outputs: 4, inputs: 3), v = model.Weight("V", outputs: 2, inputs: 4);
        Parameter l = model.Weight("L", outputs: 4, inputs: 4), r = model.Weight("R", outputs: 4, inputs: 4);
        return (g, example) =>
        {
            return CrossEntropy(v * Value(2 + example % 5), label: example % 2);

            Expr Value(int leaves) => leaves == 1
                ? Tanh(w * g.Input([example, 1f, leaves]).Named("x"))
                : Tanh(l * Value((leaves + example % 2) / 2) + r * Value(leaves - (leaves + example % 2) / 2));
        };
        #endregion
    });

    /// <summary>A tagger: a bidirectional LSTM over word embeddings, and a class for every word.</summary>
    public static Subject Tagger { get; } = new("s = Σₜ cross-entropy(V·[h→ₜ; h←ₜ] + b, tagₜ), h by two LSTMs", model =>
    {
        var words = new Embedding(model, "words", size: 8, vocabulary: 50);
        var layer = new BidirectionalSequence(new Lstm(model, "forward", 8, 6), new Lstm(model, "backward", 8, 6));
        var output = new Linear(model, "output", outputs: 5, inputs: 12);
        return (g, example) =>
        {
            Expr[] states = layer.Run([.. Enumerable.Range(0, 3 + example % 5).Select(word => words.Of(g, 7 * example % 40 + word))]);
            return Total([.. states.Select((state, t) => CrossEntropy(output.Apply(state), label: t % 5))]);
        };
    });

    /// <summary>A tagger written with matrices: the words of a sentence are the columns of one, and the LSTM over them is one node.</summary>
    public static Subject Sequence { get; } = new("s = Σ cross-entropy(V·lstm(X) + b, tags), X one matrix for each sentence", model =>
    {
        var words = new Embedding(model, "words", size: 8, vocabulary: 50);
        var (lstm, output) = (new Lstm(model, "lstm", 8, 6), new Linear(model, "output", outputs: 5, inputs: 6));
        return (g, example) =>
        {
            int[] sentence = [.. Enumerable.Range(0, 3 + example % 5).Select(word => 7 * example % 40 + word)];
            return Sum(CrossEntropy(output.Apply(lstm.Run(words.Of(g, sentence))), [.. sentence.Select(word => word % 5)]));
        };
    });

    /// <summary>A Tree-LSTM over binary trees of different shapes.</summary>
    public static Subject TreeLstmSubject { get; } = new("s = cross-entropy(V·h(root) + b, label), h by a Tree-LSTM", model =>
    {
        var cell = new TreeLstm(model, "cell", inputs: 8, hidden: 6);
        var output = new Linear(model, "output", outputs: 5, inputs: 6);
        return (g, example) =>
        {
            return CrossEntropy(output.Apply(State(3 + example % 5).H), label: example % 5);

            LstmState State(int leaves) => leaves == 1
                ? cell.Leaf(g.Input([example, 1f, 2f, 3f, 4f, 5f, 6f, leaves]))
                : cell.Node(State((leaves + example % 2) / 2), State(leaves - (leaves + example % 2) / 2));
        };
    });
}
