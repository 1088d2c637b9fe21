namespace BlasNet.Graphs.Functions;

/// <summary>The bodies of one function: at most <see cref="Capacity"/>, of which the least recently used goes first. Any number of threads may ask.</summary>
/// <remarks>Graphs and plans keep the bodies that they use. A body that has gone and is traced again is another operator, whose calls merge with those of
/// the old one no more; values are the same.</remarks>
internal sealed class BodyCache
{
    /// <summary>About 70 KB each, with its gradient.</summary>
    public const int Capacity = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<BodyKey, Body> _bodies = new(BodyKey.Comparer);
    private readonly Dictionary<BodyKey, Body>.AlternateLookup<CallSite> _byCall;
    private Body? _latest;
    private long _clock;

    public BodyCache() => _byCall = _bodies.GetAlternateLookup<CallSite>();

    public int Count => _bodies.Count;

    /// <summary>What was found last; to be tried before <see cref="Find"/>.</summary>
    public Body? Latest => Volatile.Read(ref _latest);

    public Body? Find(CallSite call)
    {
        lock (_gate)
            return _byCall.TryGetValue(call, out Body? body) ? Use(body) : null;
    }

    /// <summary>Keeps a body, unless there is one for the same key.</summary>
    /// <returns>The one that is kept: another thread's, if that came first.</returns>
    public Body Add(Body body)
    {
        lock (_gate)
        {
            if (_bodies.TryGetValue(body.Key, out Body? known))
                return Use(known);

            if (_bodies.Count == Capacity)
                _bodies.Remove(_bodies.Values.MinBy(old => old.LastUse)!.Key);

            _bodies.Add(body.Key, body);
            return Use(body);
        }
    }

    private Body Use(Body body)
    {
        body.LastUse = ++_clock;
        Volatile.Write(ref _latest, body);
        return body;
    }
}
