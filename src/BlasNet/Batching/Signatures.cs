using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Batching;

/// <summary>Finds the nodes of a graph that are the same value, and sorts the others into kinds: nodes of one kind can be computed as one stack.</summary>
/// <remarks>
/// The same value: the same operator and attribute of the same inputs, or of whole numbers that are equal; so a word that occurs in many
/// sentences is looked up, and multiplied with a weight, once. One kind: the same operator and attribute, the same shapes of the operands that
/// differ from example to example, and the very same operands where they are shared. What is shared altogether is a kind only with its
/// duplicates, and is computed once. Of a column-wise operator, values with different numbers of columns are one kind. Everything is compared
/// by all of this; hashes only find candidates. What nodes of one form have in common is found out once. Time O(N + E).
/// </remarks>
internal sealed partial class Signatures
{
    private const int NumberTag = int.MinValue;

    private readonly HashSlots _kindSlots = new(), _valueSlots = new();
    private readonly List<(long First, long Second)> _equalities = [];
    private FormFacts[] _forms = [];
    private KindFacts[] _kinds = new KindFacts[64];
    private int[] _values = [];      // of each node, what makes it equal to another: the first one with its value, or a whole number
    private int[] _origins = [];
    private int[] _units = [], _unitKinds = [];
    private int[] _soleUser = [];
    private bool _knowsSoleUsers;
    private Graph _graph = null!;

    private enum Role : byte
    {
        Unknown,
        Computed,
        Result,
        Data,     // differs from example to example
        Fixed,    // a leaf that is the same for all
    }

    // What a node's operator and operands say of how it merges.
    [Flags]
    private enum Traits : byte
    {
        None = 0,
        ColumnWise = 1,   // a matrix is as good as its columns
        Alone = 2,        // never merges
        Data = 4,
        Sum = 8,
        Reduction = 16,   // of values that differ from example to example
    }

    private struct FormFacts
    {
        public Role Role;
        public Traits Traits;
        public bool MayEqual;    // its value may be that of another node
        public int Kind;         // −1 where it is not known yet, or has to be found node by node
        public ulong Seed;       // of hashes
        public nint Numbers;     // where the pool of comparable numbers begins; 0 for other forms
    }

    private struct KindFacts
    {
        public int Representative;
        public bool IsColumnWise;   // there are matrices among its nodes that are as good as their columns
        public bool IsLeaf;
        public long First, End;     // of data: its places in the pool
    }

    /// <summary>Whether equal values of different examples are computed once.</summary>
    public bool ShareEqual { get; set; } = true;

    /// <summary>Places of whole numbers that were found equal, by which values were found to be the same.</summary>
    public List<(long First, long Second)> Equalities => _equalities;

    /// <summary>Number of kinds.</summary>
    public int Count { get; private set; }

    /// <summary>Number of units: of nodes that have to be computed, results not counted, equal ones counted once.</summary>
    public int UnitCount { get; private set; }

    /// <summary>The node of each unit, in the order of nodes.</summary>
    public ReadOnlySpan<int> Units => _units.AsSpan(0, UnitCount);

    /// <summary>The kind of each unit.</summary>
    public ReadOnlySpan<int> UnitKinds => _unitKinds.AsSpan(0, UnitCount);

    /// <summary>For each node the unit that computes its value; for data, parameters and numbers, of which nothing is computed, ~ the kind.</summary>
    public ReadOnlySpan<int> Origins => _origins.AsSpan(0, _graph.Count);

    /// <summary>The kind of a node; −1 for results, which go with their owner, and for nodes that stand for an earlier one.</summary>
    public int KindOf(int node)
    {
        int origin = _origins[node];
        return origin < 0 ? ~origin : _units[origin] == node ? _unitKinds[origin] : -1;
    }

    /// <summary>Whether a kind's nodes are leaves.</summary>
    public bool IsLeaf(int kind) => _kinds[kind].IsLeaf;

    /// <summary>Whether a kind's nodes may differ in their numbers of columns.</summary>
    public bool IsColumnWise(int kind) => _kinds[kind].IsColumnWise;

    public int RepresentativeOf(int kind) => _kinds[kind].Representative;

    /// <summary>For a kind of data: the part of its pool, from the first place that a node has to behind the last.</summary>
    public (long First, long End) PlacesOf(int kind) => (_kinds[kind].First, _kinds[kind].End);

    public void Run(Graph graph)
    {
        _graph = graph;
        (Count, UnitCount) = (0, 0);
        _equalities.Clear();
        int count = graph.Count;
        if (_values.Length < count)
        {
            int capacity = graph.Capacity;
            (_values, _origins, _units, _unitKinds, _soleUser) = (new int[capacity], new int[capacity], new int[capacity], new int[capacity], new int[capacity]);
        }

        if (_forms.Length < graph.TypeCount)
            _forms = new FormFacts[2 * graph.TypeCount];

        Array.Clear(_forms, 0, graph.TypeCount);
        _kindSlots.Clear(Math.Min(count, 1 << 11));
        _valueSlots.Clear(count);
        _knowsSoleUsers = false;
        for (int node = 0; node < count; node++)
        {
            ref FormFacts form = ref _forms[graph.TypeNumberOf(node)];
            if (form.Role == Role.Unknown)
                Learn(node, ref form);

            Classify(node, ref form);
        }
    }

    private void Classify(int node, ref FormFacts form)
    {
        switch (form.Role)
        {
            case Role.Result:
                int result = _graph.TypeOf(node).Result, owner = node - result;
                (_values[node], _origins[node]) = (_values[owner] + result, _origins[owner]);
                break;

            case Role.Data:
                ref KindFacts kind = ref _kinds[form.Kind];
                long place = _graph.AttributeOf(node);
                (kind.First, kind.End) = (Math.Min(kind.First, place), Math.Max(kind.End, place + _graph.CountOf(node)));
                (_values[node], _origins[node]) = (form.Numbers == 0 ? node : NumberTag | _graph.Data.WholeNumberAt(form.Numbers, (int)place), ~form.Kind);
                break;

            case Role.Fixed:
                (_values[node], _origins[node]) = (_kinds[form.Kind].Representative, ~form.Kind);
                break;

            default:
                ClassifyComputed(node, ref form);
                break;
        }
    }

    private void ClassifyComputed(int node, ref FormFacts form)
    {
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        int first = form.MayEqual ? FindEqual(node, form, inputs) : node;
        _values[node] = first;
        if (first != node)
        {
            _origins[node] = _origins[first];
            return;
        }

        int kind = form.Kind;
        if (kind < 0)
        {
            kind = FindKind(node, inputs);
            if ((form.Traits & (Traits.Sum | Traits.Alone)) == 0)
                form.Kind = kind;
        }

        int unit = UnitCount++;
        (_origins[node], _units[unit], _unitKinds[unit]) = (unit, node, kind);
    }

    // What follows from a node's form.
    private void Learn(int node, ref FormFacts facts)
    {
        ref readonly NodeType form = ref _graph.TypeOf(node);
        Merging merging = form.Operator.Merging;
        ReadOnlySpan<int> inputs = _graph.InputsOf(node);
        bool isSummed = merging is Merging.Sum or Merging.Reduction && !form.IsShared;
        facts.Role = merging switch
        {
            Merging.Result => Role.Result,
            Merging.Data => Role.Data,
            _ => inputs.IsEmpty ? Role.Fixed : Role.Computed,
        };
        facts.Traits = merging switch
        {
            Merging.Never => Traits.Alone,
            Merging.Data => Traits.Data,
            Merging.Reduction when isSummed => Traits.Reduction,
            Merging.Sum when isSummed => Traits.Sum,
            _ => Traits.None,
        };
        if (!form.IsShared && facts.Traits is Traits.None or Traits.Sum)
            facts.Traits |= TraitsOf(form, inputs);

        if ((facts.Traits & Traits.Sum) != 0 && !_knowsSoleUsers)
            FindSoleUsers();

        facts.MayEqual = (ShareEqual || form.IsShared) && !isSummed && merging != Merging.Never;
        facts.Seed = ((uint)form.Operator.Id * Hashing.Multiplier ^ (ulong)form.Attribute) * Hashing.Multiplier;
        facts.Kind = facts.Role is Role.Data or Role.Fixed ? FindKind(node, inputs) : -1;
        facts.Numbers = facts.Role == Role.Data && form.Count == 1 && form.Operator.IsComparable ? _graph.Data.AddressOf(form.Attribute & ~(long)uint.MaxValue) : 0;
    }

    // The first node with the same value. Data is compared only where it decides whether other values are equal. Terms of sums stay apart, for
    // each counts.
    private int FindEqual(int node, in FormFacts form, ReadOnlySpan<int> inputs)
    {
        ulong hash = form.Seed;
        int[] values = _values;
        foreach (int input in inputs)
            hash = (hash ^ (hash >> 29) ^ (uint)values[input]) * Hashing.Multiplier;

        ref int slot = ref _valueSlots.First(hash);
        for (; slot != 0; slot = ref _valueSlots.Next(ref slot))
        {
            if (AreEqual(node, inputs, slot - 1))
                return slot - 1;
        }

        slot = node + 1;
        return node;
    }

    private bool AreEqual(int node, ReadOnlySpan<int> inputs, int other)
    {
        if (_graph.TypeNumberOf(node) != _graph.TypeNumberOf(other))
        {
            ref readonly NodeType form = ref _graph.TypeOf(node);
            ref readonly NodeType otherForm = ref _graph.TypeOf(other);
            if (form.Operator != otherForm.Operator || form.Attribute != otherForm.Attribute || form.Count != otherForm.Count || form.InputCount != otherForm.InputCount)
                return false;
        }

        ReadOnlySpan<int> others = _graph.InputsOf(other);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (_values[inputs[i]] != _values[others[i]])
                return false;
        }

        for (int i = 0; i < inputs.Length; i++)
        {
            if (_values[inputs[i]] < 0 && inputs[i] != others[i])
                _equalities.Add((_graph.AttributeOf(inputs[i]), _graph.AttributeOf(others[i])));
        }

        return true;
    }
}
