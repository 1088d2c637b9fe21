namespace BlasNet.Graphs;

/// <summary>What an operator's gradient rule sees: one node, and the gradient of the loss with respect to its output.</summary>
internal readonly ref struct GradientContext(IGradients gradients, int node)
{
    private readonly Graph _graph = gradients.Graph;

    /// <summary>As many values as the output has. Of an operator with several results each has a gradient of its own: <see cref="GetTerms"/>.</summary>
    public Expr OutputGradient => gradients.SumOf(node);

    public Expr Output => _graph.At(node);

    public int InputCount => _graph.InputsOf(node).Length;

    public long Attribute => _graph.AttributeOf(node);

    public Expr Input(int input) => _graph.At(_graph.InputsOf(node)[input]);

    /// <summary>Whether an input is the same for every example, so that the examples' contributions to its gradient add up.</summary>
    /// <remarks>They stay apart within a function's body, whose nodes stand for one example's values, and where the node is shared too and yet has
    /// a gradient for each example.</remarks>
    public bool IsShared(int input) =>
        !_graph.IsBody && _graph.IsShared(_graph.InputsOf(node)[input]) && !(gradients.KeepsExamplesApart && _graph.IsShared(node));

    /// <summary>The graph that is differentiated.</summary>
    public Graph Graph => _graph;

    /// <summary>What the node has computed: one of several results, or the only one.</summary>
    public Expr Result(int result) => _graph.At(_graph.ResultsOf(node)[result]);

    /// <summary>Nodes whose sum is the loss's gradient with respect to a result.</summary>
    /// <param name="result">Which result.</param>
    /// <param name="terms">Receives them.</param>
    /// <returns>How many they are; 0 where the loss does not depend on the result.</returns>
    public int GetTerms(int result, Span<int> terms) => gradients.GetTerms(_graph.ResultsOf(node)[result], terms);

    /// <summary>Whether the gradient with respect to an input is wanted; what is accumulated for others is dropped.</summary>
    public bool IsNeeded(int input) => gradients.IsNeeded(_graph.InputsOf(node)[input]);

    /// <summary>Adds to an input's gradient an expression of its shape, for one value or for the whole stack.</summary>
    public void Accumulate(int input, Expr contribution)
    {
        int target = _graph.InputsOf(node)[input];
        if (!gradients.IsNeeded(target))
            return;

        if (contribution.Shape != _graph.ShapeOf(target))
            throw new InvalidOperationException(
                $"{_graph.OperatorOf(node).Name}: the gradient rule gives {contribution.Shape} for input {input} {_graph.ShapeOf(target)}.");

        gradients.Add(target, contribution.Index);
    }

    /// <summary>Adds to some rows of an input's gradient, a vector, for each value of a stack; the other rows get nothing.</summary>
    /// <param name="input">Which input.</param>
    /// <param name="contribution">As many rows as there are to add to.</param>
    /// <param name="start">The first of them.</param>
    public void AccumulateRows(int input, Expr contribution, int start)
    {
        int target = _graph.InputsOf(node)[input];
        int rows = contribution.Shape.Rows, count = contribution.Count;
        if (rows == _graph.ShapeOf(target).Rows)
        {
            Accumulate(input, contribution);
            return;
        }

        if (!gradients.IsNeeded(target))
            return;

        Span<Move> runs = _graph.ReserveMoves(count, out long attribute);
        for (int i = 0; i < count; i++)
            runs[i] = new Move(0, i * rows, (_graph.CountOf(target) == 1 ? 0 : i * _graph.ShapeOf(target).Rows) + start, rows);

        gradients.AddScattered(target, contribution.Index, attribute);
    }

    /// <summary>Adds to some ranges of an input's stack.</summary>
    /// <param name="input">Which input.</param>
    /// <param name="contribution">What the moves read.</param>
    /// <param name="moves">From <see cref="Graph.AddMoves"/>.</param>
    public void AccumulateMoved(int input, Expr contribution, long moves) =>
        gradients.AddScattered(_graph.InputsOf(node)[input], contribution.Index, moves);

    /// <summary>Adds to an input of a gather what came from it: the output's gradient, moved back.</summary>
    public void AccumulateReversed(int input)
    {
        int target = _graph.InputsOf(node)[input];
        if (gradients.IsNeeded(target))
            gradients.AddScattered(target, OutputGradient.Index, gradients.Reverse(node, input));
    }

    /// <summary>The output's gradient and an input that has as many columns, both without the columns that the loss does not reach.</summary>
    /// <returns>False where it reaches none.</returns>
    public bool TryGetReached(int input, out Expr gradient, out Expr other)
    {
        (gradient, other) = (OutputGradient, Input(input));
        ReadOnlySpan<bool> reached = gradients.ReachedOf(gradient.Index);
        if (reached.IsEmpty || _graph.ColumnsOf(other.Index) != reached.Length)
            return true;

        int count = reached.Count(true);
        if (count == 0)
            return false;

        (gradient, other) = (ColumnsOf(gradient.Index, reached, count), ColumnsOf(other.Index, reached, count));
        return true;
    }

    private Expr ColumnsOf(int node, ReadOnlySpan<bool> wanted, int count)
    {
        int rows = _graph.ShapeOf(node).Rows, next = 0;
        Span<Move> moves = _graph.ReserveMoves(count, out long attribute);
        for (int column = 0; column < wanted.Length; column++)
        {
            if (wanted[column])
            {
                moves[next] = new Move(0, column * rows, next * rows, rows);
                next++;
            }
        }

        Operator op = gradients.MoverOf(attribute, count * rows);
        return _graph.At(_graph.AppendStack(op, attribute, [node], new Shape(rows), count, shared: false));
    }

    /// <summary>Whether what the examples contribute to an input stays apart, although it is one value for all of them.</summary>
    public bool KeepsApart(int input) => gradients.KeepsExamplesApart && _graph.IsShared(_graph.InputsOf(node)[input]);

    /// <summary>The parts of the output's gradient that belong to an input of a scatter-add, in that input's order.</summary>
    public Expr Gathered(int input)
    {
        int source = _graph.InputsOf(node)[input];
        long runs = gradients.Reverse(node, input);
        if (_graph.Moves(runs) is [var run] && run == new Move(0, 0, 0, _graph.LengthOf(source)) && _graph.CountOf(source) == OutputGradient.Count
            && _graph.ShapeOf(source) == OutputGradient.Shape)
            return OutputGradient;

        Operator op = gradients.MoverOf(runs, _graph.LengthOf(source));
        return _graph.At(_graph.AppendStack(op, runs, [OutputGradient.Index], _graph.ShapeOf(source), _graph.CountOf(source), shared: false));
    }
}
