using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Recurrences;

/// <summary>Goes through the levels of a scan: for each it says where the values lie and runs the program's kernels.</summary>
/// <remarks>Each thread has one; it keeps its memory.</remarks>
internal sealed unsafe partial class ScanRun<T> : IOperandSource<T>, IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [ThreadStatic]
    private static ScanRun<T>? _mine;

    private readonly NativeBuffer<T> _scratch = new();
    private ScanProgram _program = null!;
    private IKernelTimes? _times;
    private Operand<T>[] _operands = [];   // by node
    private nint[] _starts = [];           // by node: where its values begin
    private nint[] _rows = [];             // by node: its row indices, if it has some
    private nint[] _results = [];          // by result: where it begins
    private bool[] _isWhole = [];          // by result: whether there is memory for all vertices, not only for a level
    private long _used;                    // of the scratch memory

    private static ScanRun<T> Mine => _mine ??= new ScanRun<T>();

    Operand<T> IOperandSource<T>.OperandOf(int node) => _operands[node];

    bool IOperandSource<T>.IsInSum(int node) => false;

    public void Dispose()
    {
        _scratch.Dispose();
        _indices.Dispose();
    }

    /// <summary>Computes the states, level after level.</summary>
    /// <param name="program">What to compute.</param>
    /// <param name="stack">The operands of the scan.</param>
    /// <param name="count">Vertices.</param>
    public static void Forward(ScanProgram program, in Operands<T> stack, int count) => Mine.RunForward(program, stack, count);

    /// <summary>Computes the gradients, from the last level to the first.</summary>
    /// <param name="backward">What to compute.</param>
    /// <param name="given">Which parts of the state have a gradient among the operands.</param>
    /// <param name="stack">The operands of the gradient.</param>
    /// <param name="count">Vertices.</param>
    public static void Backward(BackwardProgram backward, uint given, in Operands<T> stack, int count) => Mine.RunBackward(backward, given, stack, count);

    private void RunForward(ScanProgram program, in Operands<T> stack, int count)
    {
        var list = new ScanList(stack.List);
        int parts = program.StateRows.Length;
        Begin(program, stack, list.Width, persistent: parts, count);
        Span<nint> starts = stackalloc nint[parts], states = stackalloc nint[parts];
        for (int part = 0; part < parts; part++)
            (starts[part], states[part]) = ((nint)stack[part].Data, _results[part]);

        for (int level = 0; level < list.Levels; level++)
        {
            int start = list.StartOf(level), width = list.EndOf(level) - start;
            Place(start, width);
            PlaceStates(list, starts, states, start, width);
            RunSteps(isFirst: level == 0);
        }

        Forget();
    }

    private void RunBackward(BackwardProgram backward, uint given, in Operands<T> stack, int count)
    {
        var list = new ScanList(stack.List);
        ScanProgram program = backward.Program;
        int parts = program.StateRows.Length, next = backward.Inputs.Length;
        Begin(program, stack, list.Width, persistent: program.Results.Length, count);
        Span<nint> starts = stackalloc nint[parts], states = stackalloc nint[parts], seeds = stackalloc nint[parts];
        for (int part = 0; part < parts; part++)
        {
            starts[part] = DataOf(stack, backward.InputOf(new ScanInput(IsResult: false, part)));
            states[part] = DataOf(stack, backward.InputOf(new ScanInput(IsResult: true, part)));
            seeds[part] = (given & 1u << part) != 0 ? (nint)stack[next++].Data : 0;
        }

        for (int level = list.Levels - 1; level >= 0; level--)
        {
            int start = list.StartOf(level), width = list.EndOf(level) - start;
            Place(start, width);
            PlaceStates(list, starts, states, start, width);
            SumSeeds(list, backward.Gradients, seeds, start, width);
            RunSteps(isFirst: level == list.Levels - 1);
        }

        Forget();
    }

    // A thread does not keep a model's packed weights.
    private void Forget() => Array.Clear(_operands, 0, _program.Graph.Count);

    private static nint DataOf(in Operands<T> stack, int input) => input < 0 ? 0 : (nint)stack[input].Data;

    // Where values begin, and memory for those that have no other place. A result that nothing outside reads needs some too: that of all vertices where
    // other levels read it.
    private void Begin(ScanProgram program, in Operands<T> stack, int width, int persistent, int count)
    {
        (_program, _times) = (program, stack.Times);
        Graph graph = program.Graph;
        if (_operands.Length < graph.Count)
            (_operands, _starts, _rows) = (new Operand<T>[graph.Count], new nint[graph.Count], new nint[graph.Count]);

        if (_results.Length < program.Results.Length)
            (_results, _isWhole) = (new nint[program.Results.Length], new bool[program.Results.Length]);

        for (int attempt = 0; attempt < 2; attempt++)
        {
            T* scratch = _scratch.EnsureCapacity(attempt == 0 ? 0 : _used);
            _used = 0;
            for (int result = 0; result < program.Results.Length; result++)
            {
                nint data = (nint)(program.Results.Length == 1 ? stack.Output : stack.Result(result)).Data;
                _isWhole[result] = data != 0 || result < persistent;
                _results[result] = data != 0 ? data : (nint)Take(scratch, (long)program.Results[result].Size * (_isWhole[result] ? count : width));
            }

            foreach (int node in program.Nodes)
                Begin(node, program.Places[node], stack, scratch, width);
        }
    }

    private void Begin(int node, ScanPlace place, in Operands<T> stack, T* scratch, int width)
    {
        Graph graph = _program.Graph;
        Shape shape = graph.ShapeOf(node);
        switch (place.Source)
        {
            case ScanSource.Shared:
                _operands[node] = stack[place.Index];
                break;
            case ScanSource.Constant:
                _operands[node] = new Operand<T>((T*)graph.Data.AddressOf(graph.AttributeOf(node)), shape, 1);
                break;
            case ScanSource.Stack:
                _starts[node] = (nint)stack[place.Index].Data;
                _rows[node] = (nint)stack[place.Index].RowIndices;
                break;
            case ScanSource.Result:
                _starts[node] = _results[place.Index];
                break;
            default:
                _starts[node] = graph.TypeOf(node).ResultNodes > 0 ? 0 : (nint)Take(scratch, (long)shape.Size * width);
                break;
        }
    }

    private T* Take(T* scratch, long length)
    {
        T* taken = scratch + _used;
        _used += (length + NativeBuffer<T>.Alignment - 1) / NativeBuffer<T>.Alignment * NativeBuffer<T>.Alignment;
        return taken;
    }

    // The values of a level.
    private void Place(int start, int width)
    {
        Graph graph = _program.Graph;
        foreach (int node in _program.Nodes)
        {
            ScanSource source = _program.Places[node].Source;
            if (source is ScanSource.Shared or ScanSource.Constant)
                continue;

            Shape shape = graph.ShapeOf(node);
            if (source == ScanSource.Stack && _rows[node] != 0)
            {
                _operands[node] = new Operand<T>((T*)_starts[node], shape, width, rowIndices: (nint*)_rows[node] + ((nint)start * shape.Columns));
                continue;
            }

            bool isPart = source == ScanSource.Stack || (source == ScanSource.Result && _isWhole[_program.Places[node].Index]);
            T* data = (T*)_starts[node];
            if (data != null && isPart)
                data += (nint)start * shape.Size;

            _operands[node] = new Operand<T>(data, shape, graph.IsShared(node) ? 1 : width);
        }
    }

    private void RunSteps(bool isFirst)
    {
        Graph graph = _program.Graph;
        foreach (int node in _program.Steps)
        {
            if (graph.IsShared(node) && !isFirst)
                continue;

            Operator op = graph.OperatorOf(node);
            if (op.Storage == Storage.View)
                Rows.Copy(_operands[graph.InputsOf(node)[0]].Data, 0, _operands[node].Data, 0, _operands[node].Length, 1);
            else if (_times is null)
                op.Run(new Operands<T>(this, graph, node, accumulate: false));
            else
                _times.Run(op, new Operands<T>(this, graph, node, accumulate: false));
        }
    }
}
