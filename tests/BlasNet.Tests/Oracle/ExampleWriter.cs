namespace BlasNet.Tests.Oracle;

/// <summary>Makes up one example: free operations, a chain, tree or other recursion of random size, free operations, a loss.</summary>
/// <param name="draft">The example; its choices are those of its kind.</param>
/// <param name="own">The example's own randomness: data, lengths, shapes of trees.</param>
/// <param name="state">Length of a state.</param>
/// <param name="features">Length of an input vector.</param>
/// <param name="words">Columns of the table E.</param>
internal sealed class ExampleWriter(Draft draft, Random own, int state, int features, int words)
{
    // The parameters, in the order in which a program has them.
    private const int W = 0, V = 1, B = 2, U = 3, E = 4, T = 5;

    public RandomExample Write(int number)
    {
        int parameters = draft.Count;
        Leaf(new Shape(state));
        Leaf(new Shape(features, own.Next(1, 4)));
        if (draft.Next(2) == 0)
            Leaf(Shape.Scalar);

        if (draft.Next(3) == 0)
            draft.Take(Operations.Constant, new Step { Shape = new Shape(state), Data = [.. Enumerable.Range(1, state).Select(i => i / 4.0)] });

        Freely(draft.Next(10));
        int root = Recursion();
        Freely(draft.Next(8));
        int loss = Loss(root);
        int[] outputs = [.. Enumerable.Range(0, draft.Next(4)).Select(_ => parameters + own.Next(draft.Count - parameters))];
        return new RandomExample(number, draft.Steps, loss, outputs);
    }

    private int Leaf(Shape shape) => draft.Take(Operations.Input, new Step { Shape = shape, Data = RandomProgram.Data(own, shape.Size) });

    private void Freely(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Operation operation = Operations.All[draft.Next(Operations.All.Count)];
            draft.Take(operation, operation.Choose(draft));
        }
    }

    private int Recursion() => draft.Next(6) switch
    {
        0 => Chain(),
        1 => Tree(own.Next(1, 6), joined: draft.Next(2) == 0),
        2 => Tagger(),
        3 => Lattice(),
        4 => own.Next(2) == 0 ? Chain() : Word(),   // a branch that depends on the example
        _ => Word(),
    };

    private int Word() => draft.Take(Operations.Lookup, new Step(E) { A = own.Next(words) });

    // h ← tanh(W·h + V·x + b) over a sequence.
    private int Chain()
    {
        int h = Word(), length = own.Next(5);
        for (int t = 0; t < length; t++)
        {
            int sum = draft.Apply(Operations.Add, draft.Apply(Operations.MatMul, W, h), draft.Apply(Operations.MatMul, V, Leaf(new Shape(features))));
            h = draft.Apply(Operations.Tanh, draft.Apply(Operations.Add, sum, B));
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
        return draft.Apply(Operations.Tanh, sum);
    }

    // A ragged sequence of vectors under one weight, then a sum over the sequence.
    private int Tagger()
    {
        int[] sequence = [.. Enumerable.Range(0, own.Next(1, 5)).Select(_ => own.Next(3) == 0 ? Leaf(new Shape(state)) : Word())];
        int matrix = sequence.Length == 1 ? sequence[0] : draft.Apply(Operations.ConcatenateColumns, sequence);
        int hidden = draft.Apply(Operations.Tanh, draft.Apply(Operations.Add, draft.Apply(Operations.MatMul, W, matrix), B));
        return draft.Apply(Operations.MatMul, hidden, Leaf(new Shape(sequence.Length)));
    }

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
        var terms = new List<int>();
        if (draft[root].Length == state && draft[root].Columns() == 1)
            terms.Add(draft.Take(Operations.CrossEntropy, new Step(draft.Apply(Operations.MatMul, U, root)) { A = own.Next(2) }));

        for (int i = draft.Next(4); i > 0; i--)
            terms.Add(draft.Apply(Operations.Sum, draft.Count - 1 - draft.Next(6)));

        terms.RemoveAll(term => term < 0 || draft[term].Length != 1);
        return terms.Count == 0 ? draft.Apply(Operations.Sum, 6) : terms.Count == 1 ? terms[0] : draft.Apply(Operations.Total, [.. terms]);
    }
}
