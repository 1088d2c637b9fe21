using System.Runtime.CompilerServices;
using BlasNet.Graphs.Functions;
using BlasNet.Memory;

namespace BlasNet.Graphs;

/// <content>The types of nodes. A node of the same operator, attribute and input types as an earlier one has that one's type: nothing is inferred
/// again.</content>
/// <remarks>Each type that may come again is found again, whatever came between: which nodes agree in type, and with it what is found to be alike later,
/// must not depend on the order in which a program's operators got their numbers.</remarks>
public sealed partial class Graph
{
    private const int MostCompared = 16;   // inputs; a longer list, as the sum of a minibatch's losses has, hardly comes twice
    private const int FewTypes = 128;

    private NodeType[] _types = new NodeType[32];
    private readonly HashSlots _slots = new();                       // type + 1
    private readonly List<(int Type, ulong Hash)> _keptTypes = [];   // those in the slots
    private ulong[] _tokens = new ulong[64];                         // of the inputs of kept types
    private int _tokenCount;

    /// <summary>Number of node types.</summary>
    internal int TypeCount { get; private set; }

    /// <returns>The type of nodes of an operator, an attribute and input types, and if a count is given also of a shape, a count and sharing;
    /// −1 if none is kept.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int FindType(Operator op, long attribute, ReadOnlySpan<int> inputs, out ulong hash, Shape shape = default, int count = 0, bool shared = false)
    {
        hash = inputs.IsEmpty ? HashOf(op, attribute, (uint)shape.Columns, 0) : HashOf(op, attribute, TokenOf(inputs[0]), TokenOf(inputs[^1]));
        ref int slot = ref _slots.First(hash);
        while (slot != 0 && !IsLike(_types[slot - 1], op, attribute, inputs, shape, count, shared))
            slot = ref _slots.Next(ref slot);

        return slot - 1;
    }

    // The type of a longer list of inputs is not looked for again.
    private int Keep(int type, ulong hash)
    {
        if (_types[type].InputCount > MostCompared)
            return type;

        if (_slots.IsFull(_keptTypes.Count + 1))
            GrowSlots();

        _keptTypes.Add((type, hash));
        Enter(type, hash);
        return type;
    }

    private void GrowSlots()
    {
        _slots.Clear(2 * _keptTypes.Count);
        foreach ((int type, ulong hash) in _keptTypes)
            Enter(type, hash);
    }

    private void Enter(int type, ulong hash)
    {
        ref int slot = ref _slots.First(hash);
        while (slot != 0)
            slot = ref _slots.Next(ref slot);

        slot = type + 1;
    }

    /// <summary>Forgets which types come again.</summary>
    private void ForgetKeptTypes()
    {
        _slots.Clear(FewTypes);
        _keptTypes.Clear();
    }

    private static ulong HashOf(Operator op, long attribute, ulong first, ulong last)
    {
        ulong hash = (ulong)(uint)op.Id << 32 ^ (ulong)attribute;
        return (((hash ^ (first << 5)) * Hashing.Multiplier) ^ last) * Hashing.Multiplier;
    }

    private bool IsLike(in NodeType type, Operator op, long attribute, ReadOnlySpan<int> inputs, Shape shape, int count, bool shared)
    {
        if (!ReferenceEquals(type.Operator, op) || type.Attribute != attribute || type.InputCount != inputs.Length)
            return false;

        ReadOnlySpan<ulong> tokens = _tokens.AsSpan(type.FirstToken, inputs.Length);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (TokenOf(inputs[i]) != tokens[i])
                return false;
        }

        return count == 0 || (type.Count == count && type.Shape == shape && type.IsShared == shared);
    }

    // Keeps what later inputs have to be like.
    private int AddTokens(ReadOnlySpan<int> inputs)
    {
        int start = _tokenCount, length = inputs.Length <= MostCompared ? inputs.Length : 0;
        if (start + length > _tokens.Length)
            Array.Resize(ref _tokens, 2 * (start + length));

        for (int i = 0; i < length; i++)
            _tokens[start + i] = TokenOf(inputs[i]);

        _tokenCount += length;
        return start;
    }

    private ulong TokenOf(int node) => _types[_nodes[node].Type].Token;

    private int AddTypeWithResults(Operator op, long attribute, int inputs, Shape shape, int count, bool shared, int firstToken = 0)
    {
        int results = op.ResultCount > 1 ? op.ResultCount : 0;
        int type = AddType(op, attribute, inputs, shape, count, shared, firstToken: firstToken, resultNodes: results);
        for (int result = 1; result <= results; result++)
            AddType(ResultOperator.Instance, result - 1, 1, op.ResultShape(result - 1, shape), count, shared, result);

        return type;
    }

    // Of the node that comes next, or of a result of it.
    private int AddType(Operator op, long attribute, int inputs, Shape shape, int count, bool shared, int result = 0, int firstToken = 0, int resultNodes = 0)
    {
        if (TypeCount == _types.Length)
            Array.Resize(ref _types, 2 * TypeCount);

        if (!HasCalls && op is CompositeOperator)
            FirstCall = Count;

        // A shape has at least one row, so the token of a single value is above every type's number.
        ulong token = shared ? (uint)TypeCount : count == 1 ? (ulong)(uint)shape.Rows << 32 | (uint)shape.Columns : 1UL << 63 | (uint)TypeCount;
        _types[TypeCount] = new NodeType(op, attribute, shape, count, inputs, shared)
        {
            Token = token,
            FirstToken = firstToken,
            Result = result,
            ResultNodes = resultNodes,
        };
        return TypeCount++;
    }
}
