namespace BlasNet.Tests.Oracle;

/// <summary>Makes up one example: free steps, a chain, tree or other recursion of random size, free steps, a loss.</summary>
/// <param name="draft">The example; its choices are those of its kind.</param>
/// <param name="own">The example's own randomness: data, lengths, shapes of trees.</param>
/// <param name="functions">What it may call.</param>
/// <param name="sizes">Lengths of a state and of an input vector, columns of the table E.</param>
internal sealed class ExampleWriter(Draft draft, Random own, FunctionPool functions, RandomSizes sizes)
{
    // The parameters, in the order in which a program has them.
    private const int W = 0, V = 1, B = 2, U = 3, E = 4, T = 5, S = 6, C = 7;

    private readonly FreeSteps _free = new(draft, functions, FunctionPool.Keys);

    public RandomExample Write()
    {
        if (draft.Next(24) == 0)
            return Bare();

        int vector = Leaf(new Shape(sizes.State));
        Leaf(new Shape(sizes.Features, own.Next(1, 4)));
        if (draft.Next(2) == 0)
            Leaf(Shape.Scalar);

        if (draft.Next(2) == 0)
            Index(sizes.Words);

        if (draft.Next(3) == 0)
            Index(sizes.Classes);

        Constants.Write(draft, new Shape(sizes.State));
        _free.Write(draft.Next(10));
        int root = draft.Next(6) == 0 ? TwoBiases(vector) : Recursion();
        _free.Write(draft.Next(8));
        return Finish(Loss(root));
    }

    /// <summary>A scalar of parameters and constants alone.</summary>
    public static RandomExample WritePenalty(Draft draft, FunctionPool functions)
    {
        Constants.Write(draft, Naive.ShapeOf(draft[C]));
        new FreeSteps(draft, functions, FunctionPool.Keys).Write(draft.Next(6));
        int loss = draft.Apply(Operations.Add, MeanSquare(draft.Count - 1), MeanSquare(draft.Next(draft.Count)));
        return new RandomExample(draft.Steps, draft[loss].Length == 1 ? loss : S, [S]);

        int MeanSquare(int value) => draft.Apply(Operations.Mean, draft.Apply(Operations.Square, value));
    }

    // Nothing but a leaf, or a leaf and a little: an empty sentence.
    private RandomExample Bare()
    {
        int leaf = draft.Next(4) switch
        {
            0 => Leaf(new Shape(sizes.State)),
            1 => draft.Take(Operations.Constant, new Step { Shape = Shape.Scalar, Data = [2.5] }),
            2 => Leaf(Shape.Scalar),
            _ => B,
        };
        int sum = draft.Next(3) == 0 ? S : draft.Apply(Operations.Sum, leaf);
        return Finish(draft[sum].Length == 1 ? sum : S);   // a sum that would be too large is no step
    }

    private RandomExample Finish(int loss)
    {
        int[] values = [.. Enumerable.Range(0, draft.Count).Where(value => draft.IndexLimit(value) == 0)];
        int[] outputs = [.. Enumerable.Range(0, 1 + draft.Next(3)).Select(_ => Output())];
        return new RandomExample(draft.Steps, loss, outputs) { Weight = own.Next(4) * 0.75 };

        // Mostly a late one.
        int Output() => values[^(1 + own.Next(own.Next(4) == 0 ? values.Length : Math.Min(values.Length, 10)))];
    }

    private int Leaf(Shape shape) => draft.Take(Operations.Input, new Step { Shape = shape, Data = RandomProgram.Data(own, shape.Size) });

    private int Index(int limit) => draft.Take(Operations.Index, new Step { Shape = Shape.Scalar, Data = [own.Next(limit)], B = limit });

    private int Recursion() => draft.Next(8) switch
    {
        0 => Chain(),
        1 => Tree(own.Next(1, 6), joined: draft.Next(2) == 0),
        2 => Tagger(),
        3 => Lattice(),
        4 => own.Next(2) == 0 ? Chain() : Word(),   // a branch that depends on the example
        5 => Encoder(),
        6 => Convolution(),
        _ => Word(),
    };

    // Two parameters with one and the same gradient.
    private int TwoBiases(int vector) => draft.Apply(Operations.Add, draft.Apply(Operations.Add, vector, B), C);

    // By a number, by an index that may be used more than once, or by one that is computed.
    private int Word()
    {
        int[] indices = [.. Enumerable.Range(0, draft.Count).Where(value => draft.IndexLimit(value) == sizes.Words && draft[value].Length == 1)];
        int index = draft.Next(6) switch
        {
            0 or 1 when indices.Length > 0 => indices[draft.Next(indices.Length)],
            2 => draft.Take(Operations.ArgMax, new Step(Leaf(new Shape(sizes.Words))) { B = sizes.Words }),
            _ => -1,
        };
        return index >= 0 ? draft.Take(Operations.LookupAt, new Step(E, index))
            : draft.Take(Operations.Lookup, new Step(E) { A = own.Next(sizes.Words), B = sizes.Words });
    }

    // h ← tanh(W·h + V·x + b) over a sequence of vectors, or h ← tanh(W·h + W·x + b) over one of words.
    private int Chain()
    {
        int h = Word(), length = own.Next(5);
        bool isOfWords = draft.Next(2) == 0;
        for (int t = 0; t < length; t++)
        {
            int x = isOfWords ? draft.Apply(Operations.MatMul, W, Word()) : draft.Apply(Operations.MatMul, V, Leaf(new Shape(sizes.Features)));
            h = draft.Apply(Operations.Tanh, draft.Apply(Operations.Add, draft.Apply(Operations.Add, draft.Apply(Operations.MatMul, W, h), x), B));
        }

        return h;
    }

    // tanh(T·[left; right]), or tanh(W·left + W·right) with one weight in two places.
    private int Tree(int leaves, bool joined)
    {
        if (leaves == 1)
            return Word();

        int split = own.Next(1, leaves);
        int left = Tree(split, joined), right = Tree(leaves - split, joined);
        int sum = joined
            ? draft.Apply(Operations.MatMul, T, draft.Apply(Operations.Concatenate, left, right))
            : draft.Apply(Operations.Add, draft.Apply(Operations.MatMul, W, left), draft.Apply(Operations.MatMul, W, right));
        return draft[sum].Length == sizes.State ? draft.Apply(Operations.Tanh, sum) : left;   // not where the product would be too large
    }

    // A ragged sequence of vectors under one weight, then a sum over the sequence.
    private int Tagger()
    {
        int sequence = Sequence();
        return Pool(draft.Apply(Operations.Tanh, draft.Apply(Operations.Add, draft.Apply(Operations.MatMul, W, sequence), B)));
    }

    // A ragged sequence whose vectors attend to each other, or to those of another one, then a sum over the sequence.
    private int Encoder()
    {
        int x = Sequence(), other = draft.Next(2) == 0 ? x : Sequence();
        int heads = draft.Next(2) == 0 && sizes.State % 2 == 0 ? 2 : 1;
        double rate = draft.Next(3) == 0 ? 0.25 : 0;
        int attended = draft.Take(Operations.Attention, new Step(draft.Apply(Operations.MatMul, W, x), other, other) { A = heads, Factor = rate });
        return Pool(attended < 0 ? x : draft.Apply(Operations.Tanh, draft.Apply(Operations.Add, x, attended)));
    }

    // Windows of two vectors of a ragged sequence under one weight, then the largest over the sequence.
    private int Convolution()
    {
        int sequence = Sequence(), windows = draft.Take(Operations.Conv1d, new Step(T, sequence) { B = 1 });
        int states = draft.Apply(Operations.Tanh, windows < 0 ? sequence : windows);
        return draft.Take(Operations.MaxColumns, new Step(states)) is >= 0 and var largest ? largest : Pool(states);
    }

    private int Sequence()
    {
        if (draft.Next(4) == 0 && Words() is >= 0 and var words)
            return words;

        int[] vectors = [.. Enumerable.Range(0, own.Next(1, 5)).Select(_ => own.Next(4) switch
        {
            0 => Leaf(new Shape(sizes.State)),
            1 when Words() is >= 0 and var words => words,
            _ => Word(),
        })];
        return vectors.Length == 1 ? vectors[0] : draft.Apply(Operations.ConcatenateColumns, vectors);
    }

    // Several words at once: given, or computed as the largest of scores.
    private int Words()
    {
        int[] computed = [.. Enumerable.Range(0, draft.Count).Where(value => draft.IndexLimit(value) is > 0 and var limit && limit <= sizes.Words)];
        if (computed.Length > 0 && draft.Next(2) == 0)
            return draft.Take(Operations.LookupAt, new Step(E, computed[draft.Next(computed.Length)]));

        double[] given = [.. Enumerable.Range(0, own.Next(1, 5)).Select(_ => (double)own.Next(sizes.Words))];
        return draft.Take(Operations.LookupColumns, new Step(E) { Data = given, B = sizes.Words });
    }

    private int Pool(int matrix) => draft.Apply(Operations.MatMul, matrix, Leaf(new Shape(draft[matrix].Columns)));

    // Every new state is made of two or more earlier ones, whichever they are.
    private int Lattice()
    {
        var states = new List<int> { Word(), Word() };
        int length = own.Next(1, 6);
        for (int i = 0; i < length; i++)
        {
            int[] terms = [.. Enumerable.Range(0, own.Next(2, 5)).Select(_ => states[own.Next(states.Count)])];
            states.Add(draft.Apply(Operations.Tanh, draft.Apply(Operations.MatMul, W, draft.Apply(Operations.Total, terms))));
        }

        return states[^1];
    }

    private int Loss(int root)
    {
        if (draft.Next(4) == 0 && CallLoss() is >= 0 and var loss)
            return loss;

        var terms = new List<int>();
        if (draft[root].Length == sizes.State && draft[root].Columns == 1)
            terms.Add(Label(draft.Apply(Operations.MatMul, U, root)));

        if (draft.Next(6) == 0)
            terms.Add(draft.Apply(Operations.Sum, draft.Apply(Operations.Tanh, root)));

        if (draft.Steps.FirstOrDefault(step => step.Operation == Operations.SignOfZero) is { } sign)
            terms.Add(sign.Id);

        for (int i = draft.Next(4); i > 0; i--)
            terms.Add(draft.Apply(Operations.Sum, draft.Count - 1 - draft.Next(6)));

        terms.RemoveAll(term => term < 0 || draft[term].Length != 1 || draft.IndexLimit(term) > 0);
        return terms.Count == 0 ? draft.Apply(Operations.Sum, S) : terms.Count == 1 ? terms[0] : draft.Apply(Operations.Total, [.. terms]);
    }

    private int Label(int logits) => draft.Take(Operations.CrossEntropy, new Step(logits) { A = own.Next(sizes.Classes), B = sizes.Classes });

    // A function's result as the loss: as it is, or computed with, as the example wants.
    private int CallLoss()
    {
        int[] results = [.. draft.Steps.Where(step => step.Function is not null).SelectMany(step => step.Results)];
        if (results.Length == 0)
            return -1;

        int result = results[^(1 + draft.Next(Math.Min(3, results.Length)))];
        int loss = own.Next(3) switch
        {
            0 => draft.Apply(Operations.Sum, result),
            1 => draft.Apply(Operations.Sum, draft.Apply(Operations.Square, result)),
            _ => draft.Take(Operations.Scale, new Step(draft.Apply(Operations.Sum, result)) { Factor = 2 }),
        };
        return loss >= 0 && draft[loss].Length == 1 ? loss : -1;
    }
}
