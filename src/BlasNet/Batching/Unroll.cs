using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Batching;

/// <summary>Puts calls of a recurrence's bodies in the place of recurrences: one call for each level of all of them together.</summary>
/// <remarks>
/// In: for each recurrence its <see cref="DagList"/> and where the columns of its inputs lie. Out: for each part of a state a stack of all vertices, level
/// after level, and for each vertex its place there (<see cref="LevelOrder"/>). Time O(V + E).
/// </remarks>
internal sealed partial class Unroll
{
    private const int RowsOfKey = 2;

    private readonly LevelOrder _order = new();
    private readonly StackBuilder _operand = new();
    private readonly List<ColumnSource> _sources = [];   // for each recurrence those of all inputs
    private readonly List<int> _inputs = [];
    private int[] _states = [];                          // by level, then by part: the node of the states
    private int[] _messages = [];
    private ICalls _calls = null!;
    private RecurrenceBody _body = null!;
    private Graph _target = null!;
    private (int Node, int Length) _zeros;   // the last that were needed
    private int _inputCount;

    /// <summary>Adds a call of a body to the target.</summary>
    public interface ICalls
    {
        /// <summary>Adds it.</summary>
        /// <param name="body">What is called.</param>
        /// <param name="inputs">Its arguments.</param>
        /// <param name="count">How many calls are one stack.</param>
        /// <param name="shared">Whether all inputs are the same for every example.</param>
        /// <param name="results">Receives the nodes of the results.</param>
        void Add(Body body, ReadOnlySpan<int> inputs, int count, bool shared, Span<int> results);
    }

    /// <summary>Where the columns of an input lie.</summary>
    /// <param name="Node">In the target.</param>
    /// <param name="Offset">Of the first column; of a list, what is added.</param>
    /// <param name="Rows">Elements of a column.</param>
    /// <param name="Columns">Where the list of the columns' places begins; −1 where they lie one after another.</param>
    public readonly record struct ColumnSource(int Node, int Offset, int Rows, int Columns = -1);

    /// <summary>Number of values that make up a state.</summary>
    private int Parts => _body.StateRows.Length;

    private ReadOnlySpan<int> Inputs => CollectionsMarshal.AsSpan(_inputs);

    private Shape InputShape => _body.Start.Key.Shapes[0];

    /// <summary>Starts over.</summary>
    /// <param name="target">Receives the nodes.</param>
    /// <param name="body">What is called at the vertices.</param>
    public void Begin(Graph target, RecurrenceBody body)
    {
        (_target, _body, _zeros) = (target, body, default);
        _operand.Begin(target);
        _order.Clear();
        _sources.Clear();
    }

    /// <summary>Adds a recurrence; <see cref="AddSource"/> then adds its inputs.</summary>
    public void AddRecurrence(ReadOnlySpan<int> list) => _order.Add(list);

    /// <summary>Adds the next input of the last recurrence.</summary>
    public void AddSource(ColumnSource source) => _sources.Add(source);

    /// <summary>For each vertex of a recurrence its place in the stacks.</summary>
    public ReadOnlySpan<int> PlacesOf(int recurrence) => _order.PlacesOf(recurrence);

    /// <summary>Appends the calls.</summary>
    /// <param name="calls">Appends one.</param>
    /// <param name="lists">The lists of columns that sources refer to.</param>
    /// <returns>The first of as many consecutive nodes as a state has parts, each a stack of all vertices.</returns>
    public int Run(ICalls calls, ReadOnlySpan<int> lists)
    {
        Prepare(calls);
        for (int level = 0; level < _order.LevelCount; level++)
        {
            ReadOnlySpan<LevelOrder.Place> places = _order.Level(level);
            _inputs.Clear();
            if (level == 0)
                CollectStart(places, lists);
            else
                CollectStep(places, lists);

            _calls.Add(level == 0 ? _body.Start : _body.Step, Inputs, places.Length, shared: false, _states.AsSpan(level * Parts, Parts));
        }

        return AppendStacks(_order.LevelCount);
    }

    private void Prepare(ICalls calls)
    {
        (_calls, _inputCount) = (calls, _sources.Count / _order.RecurrenceCount);
        _order.Sort(_body);
        if (_states.Length < _order.LevelCount * Parts)
            _states = new int[2 * _order.LevelCount * Parts];
    }

    private void CollectStart(ReadOnlySpan<LevelOrder.Place> places, ReadOnlySpan<int> lists)
    {
        AddInput(places, lists);
        AddBrought(_body.Start, places, lists);
    }

    private void CollectStep(ReadOnlySpan<LevelOrder.Place> places, ReadOnlySpan<int> lists)
    {
        if (_body.Message is { } message)
            SumMessages(message, places, lists);

        if (_body.ReadsInput)
            AddInput(places, lists);

        if (_body.Message is null)
            AddStates(places);
        else
            _inputs.AddRange(_messages.AsSpan(0, _body.Message.Outputs.Length));

        AddBrought(_body.Step, places, lists);
    }

    private void AddInput(ReadOnlySpan<LevelOrder.Place> places, ReadOnlySpan<int> lists)
    {
        _operand.Clear();
        foreach (ref readonly LevelOrder.Place place in places)
            AddColumn(SourceOf(place.Recurrence, 0), place.Column, lists);

        AddOperand(InputShape);
    }

    // A constant is the same for all; a random draw has columns for each call: one at a vertex, of a message one at an edge.
    private void AddBrought(Body body, ReadOnlySpan<LevelOrder.Place> places, ReadOnlySpan<int> lists)
    {
        bool isMessage = body == _body.Message;
        for (int i = 0, input = _body.FirstBroughtBy(body); i < body.BroughtCount; i++, input++)
        {
            int columns = body.ColumnsBrought(i);
            if (columns == 0)
            {
                _inputs.Add(SourceOf(0, input).Node);
                continue;
            }

            _operand.Clear();
            foreach (ref readonly LevelOrder.Place place in places)
            {
                (int first, int calls) = isMessage ? (place.FirstEdge, place.PredecessorCount) : (place.Vertex, 1);
                AddColumns(SourceOf(place.Recurrence, input), first * columns, calls * columns, lists);
            }

            AddOperand(new Shape(RowsOfKey, columns));
        }
    }

    private void AddStates(ReadOnlySpan<LevelOrder.Place> places)
    {
        for (int slot = 0; slot < _body.Slots; slot++)
        {
            for (int part = 0; part < Parts; part++)
            {
                _operand.Clear();
                foreach (ref readonly LevelOrder.Place place in places)
                    AddState(_order.PredecessorsOf(place)[slot], part);

                AddOperand(new Shape(_body.StateRows[part]));
            }
        }
    }

    private void AddState(int place, int part)
    {
        int rows = _body.StateRows[part];
        if (place < 0)
        {
            _operand.Add(Zeros(rows), 0, rows);
            return;
        }

        int level = _order.LevelOf(place);
        _operand.Add(_states[(level * Parts) + part], (place - _order.StartOf(level)) * rows, rows);
    }

    private int Zeros(int rows)
    {
        if (_zeros.Length != rows)
        {
            int zero = _target.OwnConstant(0).Index;
            _zeros = (_target.AppendStack(BroadcastOperator.Instance, rows, [zero], Shape.Scalar, rows, shared: false), rows);
        }

        return _zeros.Node;
    }

    // A call for each edge, and for each vertex the sum of what its edges bring.
    private void SumMessages(Body message, ReadOnlySpan<LevelOrder.Place> places, ReadOnlySpan<int> lists)
    {
        if (_messages.Length < message.Outputs.Length)
            _messages = new int[message.Outputs.Length];

        Span<int> results = _messages.AsSpan(0, message.Outputs.Length);
        int edges = CollectEdges(message, places, lists);
        _calls.Add(message, Inputs, edges, shared: false, results);
        for (int result = 0; result < results.Length; result++)
            results[result] = SumOver(places, results[result], message.Call.ResultShapes[result]);

        _inputs.Clear();
    }

    /// <returns>Number of edges.</returns>
    private int CollectEdges(Body message, ReadOnlySpan<LevelOrder.Place> places, ReadOnlySpan<int> lists)
    {
        int edges = 0;
        _operand.Clear();
        foreach (ref readonly LevelOrder.Place place in places)
        {
            edges += place.PredecessorCount;
            for (int edge = 0; edge < place.PredecessorCount; edge++)
                AddColumn(SourceOf(place.Recurrence, 0), place.Column, lists);
        }

        AddOperand(InputShape);
        for (int part = 0; part < Parts; part++)
        {
            _operand.Clear();
            foreach (ref readonly LevelOrder.Place place in places)
            {
                foreach (int predecessor in _order.PredecessorsOf(place))
                    AddState(predecessor, part);
            }

            AddOperand(new Shape(_body.StateRows[part]));
        }

        AddBrought(message, places, lists);
        return edges;
    }

    private int SumOver(ReadOnlySpan<LevelOrder.Place> places, int messages, Shape shape)
    {
        int target = 0, source = 0;
        _operand.Clear();
        foreach (ref readonly LevelOrder.Place place in places)
        {
            for (int edge = 0; edge < place.PredecessorCount; edge++, source += shape.Size)
                _operand.AddAt(target, messages, source, shape.Size);

            target += shape.Size;
        }

        long attribute = _operand.ToScatter(_inputs);
        return _target.AppendStack(ScatterAddOperator.Instance, attribute, Inputs, shape, places.Length, shared: false);
    }

    private ColumnSource SourceOf(int recurrence, int input) => _sources[(recurrence * _inputCount) + input];

    private void AddColumns(ColumnSource source, int first, int count, ReadOnlySpan<int> lists)
    {
        for (int column = first; column < first + count; column++)
            AddColumn(source, column, lists);
    }

    private void AddColumn(ColumnSource source, int column, ReadOnlySpan<int> lists)
    {
        int place = source.Columns < 0 ? column : lists[source.Columns + column];
        _operand.Add(source.Node, checked(source.Offset + (place * source.Rows)), source.Rows);
    }

    private void AddOperand(Shape shape) => _inputs.Add(_operand.ToOperand(shape, _operand.Length / shape.Size, shared: false));

    // The stacks of states one after another, in consecutive nodes.
    private int AppendStacks(int stacks)
    {
        int first = _target.Count;
        for (int part = 0; part < Parts; part++)
        {
            _operand.Clear();
            for (int stack = 0; stack < stacks; stack++)
            {
                int states = _states[(stack * Parts) + part];
                _operand.AddAt(_operand.Length, states, 0, _target.LengthOf(states));
            }

            _operand.ToGather(new Shape(_body.StateRows[part]), _order.Count, shared: false);
        }

        return first;
    }
}
