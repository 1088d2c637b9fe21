using System.Runtime.InteropServices;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Batching;

/// <summary>Which integers of a graph's data are equal and which are not, as far as it decides what is computed once.</summary>
/// <remarks>A graph that agrees in structure and in these facts is batched in the same way. Without the equal ones a kept plan would be wrong. Without the
/// others it would compute twice what a new plan computes once, and round otherwise: what a step computes would depend on the steps before, and a training
/// could not be resumed to the bit. A graph of few integers is not worth it: there all count as different, and its plan is found again whatever they are.
/// </remarks>
/// <param name="least">How many integers a graph has at least whose integers are compared.</param>
internal sealed class IntegerFacts(int least = 0)
{
    /// <summary>Measured with a recurrent network over sentences of 12 words, one at a time: 25 µs where the plan is found for most, 50 µs where only for those
    /// whose words repeat alike. In minibatches of several sentences words hardly ever repeat alike, and much of them repeats.</summary>
    public const int DefaultLeast = 64;

    private readonly List<(long First, long Second)> _equal = [];
    private readonly List<Reader> _readers = [];
    private readonly List<long> _places = [];   // of the readers, one after another
    private readonly List<int> _sizes = [];     // by group
    private readonly Dictionary<(int Operator, long Attribute, ulong Others), int> _groups = [];   // too large a group, by a hash, is no fault
    private ulong _others;
    private int _start;   // in the places, of the value that is added

    /// <summary>A value that is the same as others of its group if it reads the same integers, which it does not.</summary>
    /// <param name="Group">Values of the same operator that read the same but for the integers.</param>
    /// <param name="Start">The first of its integers in the list of places.</param>
    /// <param name="Width">How many integers it reads.</param>
    public readonly record struct Reader(int Group, int Start, int Width);

    /// <summary>Whether the integers of a graph's data are compared.</summary>
    public bool Compares(DataPools data) => data.CountOf(IndexOperator.Instance, rows: 1) >= least;

    /// <summary>Whether differences are noted: they are needed where the plan is kept.</summary>
    public bool NotesDifferences { get; private set; }

    /// <summary>Pairs of places in the index pools that hold equal integers.</summary>
    public IReadOnlyList<(long First, long Second)> Equal => _equal;

    /// <summary>Forgets all.</summary>
    /// <param name="notesDifferences">Whether differences are noted from now on.</param>
    public void Begin(bool notesDifferences)
    {
        NotesDifferences = notesDifferences;
        _equal.Clear();
        _readers.Clear();
        _places.Clear();
        _sizes.Clear();
        _groups.Clear();
    }

    /// <summary>Copies the values that must not become the same.</summary>
    /// <param name="readers">Receives them; those that are alone in their group are left out.</param>
    /// <param name="places">Receives the places of all integers.</param>
    public void CopyDifferent(List<Reader> readers, List<long> places)
    {
        readers.Clear();
        places.Clear();
        places.AddRange(_places);
        foreach (Reader reader in _readers)
        {
            if (_sizes[reader.Group] > 1)
                readers.Add(reader);
        }
    }

    public void AddEqual(long first, long second) => _equal.Add((first, second));

    /// <summary>Begins a value that is the same as no other so far.</summary>
    public void BeginReader() => (_start, _others) = (_places.Count, 0);

    /// <summary>Adds an integer that it reads.</summary>
    public void AddInteger(long place)
    {
        _places.Add(place);
        AddOther(-1);
    }

    /// <summary>Adds another value that it reads.</summary>
    public void AddOther(int number) => _others = (_others ^ (_others >> 29) ^ (uint)number) * Hashing.Multiplier;

    /// <summary>Adds the value to its group, if it reads integers.</summary>
    public void EndReader(int op, long attribute)
    {
        if (_start == _places.Count)
            return;

        ref int group = ref CollectionsMarshal.GetValueRefOrAddDefault(_groups, (op, attribute, _others), out bool isKnown);
        if (!isKnown)
            group = NewGroup();

        _sizes[group]++;
        _readers.Add(new Reader(group, _start, _places.Count - _start));
    }

    /// <summary>Adds the columns of a value or several that are computed once for equal integers.</summary>
    /// <param name="places">Of the different ones.</param>
    public void AddColumns(List<long> places)
    {
        if (!NotesDifferences)
            return;

        int group = NewGroup();
        _sizes[group] = places.Count;
        foreach (long place in places)
        {
            _readers.Add(new Reader(group, _places.Count, 1));
            _places.Add(place);
        }
    }

    private int NewGroup()
    {
        _sizes.Add(0);
        return _sizes.Count - 1;
    }
}
