using BlasNet.Graphs;

namespace BlasNet.Passes;

/// <summary>Orders a graph's nodes into groups of one kind, each of which can run as one stack.</summary>
/// <remarks>
/// Among the kinds that have ready nodes, runs the one whose nodes have the smallest mean depth, with all its ready nodes. Time O(N + E + G log K)
/// for N nodes, E edges, G groups and K kinds. Nodes become ready in the order in which what they wait for was computed, so that operands
/// usually lie in stack order already.
/// Source: Neubig, Goldberg, Dyer, "On-the-fly Operation Batching in Dynamic Computation Graphs", NIPS 2017, arXiv:1705.07860.
/// </remarks>
internal sealed class Agenda
{
    private int[] _depth = [], _waiting = [], _firstUser = [], _users = [];
    private int[] _next = [];                       // of the ready nodes of one kind
    private int[] _head = [], _tail = [];           // by kind; −1 where none is ready
    private double[] _meanDepth = [];
    private int[] _members = [];                    // by kind, how many nodes it has in all
    private readonly PriorityQueue<int, (double Depth, int Kind)> _ready = new();
    private int[] _order = [], _groups = [];

    /// <summary>Number of groups.</summary>
    public int GroupCount { get; private set; }

    /// <summary>The nodes of group <paramref name="group"/>, in stack order.</summary>
    public ReadOnlySpan<int> Group(int group) => _order.AsSpan(_groups[group].._groups[group + 1]);

    public void Run(Graph graph, Signatures signatures)
    {
        Prepare(graph, signatures.Count);
        ReadOnlySpan<int> kinds = signatures.Kinds;
        for (int node = 0; node < graph.Count; node++)
        {
            int kind = kinds[node];
            _meanDepth[kind] += _depth[node];
            _members[kind]++;
        }

        for (int kind = 0; kind < signatures.Count; kind++)
            _meanDepth[kind] /= _members[kind];

        for (int node = 0; node < graph.Count; node++)
        {
            if (_waiting[node] == 0)
                MakeReady(node, kinds[node]);
        }

        int done = 0;
        GroupCount = 0;
        while (_ready.TryDequeue(out int kind, out _))
        {
            _groups[GroupCount++] = done;
            int start = done;
            for (int node = _head[kind]; node >= 0; node = _next[node])
                _order[done++] = node;

            _head[kind] = _tail[kind] = -1;
            for (int i = start; i < done; i++)
            {
                int node = _order[i];
                for (int edge = _firstUser[node]; edge < _firstUser[node + 1]; edge++)
                {
                    int user = _users[edge];
                    if (--_waiting[user] == 0)
                        MakeReady(user, kinds[user]);
                }
            }
        }

        _groups[GroupCount] = done;
    }

    private void MakeReady(int node, int kind)
    {
        _next[node] = -1;
        if (_head[kind] < 0)
        {
            _head[kind] = node;
            _ready.Enqueue(kind, (_meanDepth[kind], kind));
        }
        else
        {
            _next[_tail[kind]] = node;
        }

        _tail[kind] = node;
    }

    // Depths, numbers of operands to wait for, and the users of each node.
    private void Prepare(Graph graph, int kinds)
    {
        int count = graph.Count;
        if (_depth.Length < count)
        {
            int capacity = graph.Capacity;
            (_depth, _waiting, _next, _order) = (new int[capacity], new int[capacity], new int[capacity], new int[capacity]);
            (_firstUser, _groups) = (new int[capacity + 2], new int[capacity + 1]);
        }

        if (_users.Length < graph.EdgeCount)
            _users = new int[Math.Max(graph.EdgeCount, 2 * _users.Length)];

        if (_head.Length < kinds)
        {
            int capacity = Math.Max(kinds, 2 * _head.Length);
            (_head, _tail, _members, _meanDepth) = (new int[capacity], new int[capacity], new int[capacity], new double[capacity]);
        }

        Array.Fill(_head, -1, 0, kinds);
        Array.Clear(_members, 0, kinds);
        Array.Clear(_meanDepth, 0, kinds);
        Array.Clear(_firstUser, 0, count + 2);
        for (int node = 0; node < count; node++)
        {
            int depth = 0;
            ReadOnlySpan<int> inputs = graph.InputsOf(node);
            foreach (int input in inputs)
            {
                depth = Math.Max(depth, _depth[input] + 1);
                _firstUser[input + 2]++;
            }

            _depth[node] = depth;
            _waiting[node] = inputs.Length;
        }

        for (int node = 2; node <= count; node++)
            _firstUser[node] += _firstUser[node - 1];

        // _firstUser[n + 1] is where node n's users start; filling moves it to where they end, which is where node n + 1's start.
        for (int node = 0; node < count; node++)
        {
            foreach (int input in graph.InputsOf(node))
                _users[_firstUser[input + 1]++] = node;
        }
    }
}
