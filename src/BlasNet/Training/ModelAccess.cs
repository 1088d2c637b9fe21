using BlasNet.Kernels;

namespace BlasNet.Training;

/// <summary>Who may use a model's parameters: any number of threads that read them, or one that changes them.</summary>
/// <remarks>
/// An evaluation reads; a training step, <see cref="Model.Load(string, Func{string, string})"/> and the like change. Changes come one after another. A step
/// reads until its update, so evaluations go on beside it and only the update waits for them; new evaluations wait for an update that waits. A thread that
/// has access already never
/// waits for more of it: it may read again, while a change that would wait for the thread itself is refused. A disposed model gives no access, and its
/// memory is freed when the last one that has access leaves.
/// </remarks>
internal sealed class ModelAccess(Action free)
{
    /// <summary>What the calling thread has access to.</summary>
    [ThreadStatic]
    private static List<(ModelAccess Access, Kind Kind)>? _held;

    private readonly object _gate = new();
    private int _readers;
    private bool _isChanging, _isExclusive;
    private volatile bool _isClosed, _isReplaced;

    internal enum Kind
    {
        /// <summary>Holds nothing: the thread has what it asks for.</summary>
        None,

        /// <summary>Reads.</summary>
        Read,

        /// <summary>Changes: alone among those that do, and beside readers until <see cref="Scope.Exclude"/>.</summary>
        Change,

        /// <summary>Takes part in what another thread has access for.</summary>
        Reader, Changer,
    }

    /// <summary>Whether the model has been disposed.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Whether others are in the place of the parameters: then only <see cref="Restoring"/> gives access for a change.</summary>
    public bool IsReplaced
    {
        get => _isReplaced;
        set => _isReplaced = value;
    }

    /// <param name="what">As the error names it.</param>
    /// <exception cref="InvalidOperationException">Others are in the place of the parameters.</exception>
    public void ThrowIfReplaced(string what)
    {
        if (_isReplaced)
        {
            throw new InvalidOperationException(
                $"{what} needs the model's own parameters, and their average is in their place: dispose first of what UseAverage has returned.");
        }
    }

    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public void ThrowIfClosed()
    {
        if (_isClosed)
            throw new ObjectDisposedException(nameof(Model), "The model has been disposed: it can be neither trained nor evaluated any more.");
    }

    /// <summary>Access to parameters that stay as they are until the scope ends. Waits for an update.</summary>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public Scope Read()
    {
        Prefetch.RequireNone();
        bool isNested = Held() != Kind.None;
        lock (_gate)
        {
            while (_isExclusive && !isNested && !_isClosed)
                Monitor.Wait(_gate);

            ThrowIfClosed();
            _readers++;
        }

        return Enter(Kind.Read);
    }

    /// <summary>Access for a change, for which <see cref="Scope.Exclude"/> waits until nobody reads. Waits for another change.</summary>
    /// <param name="what">As the error names it.</param>
    /// <exception cref="InvalidOperationException">The calling thread is within an evaluation or a step of the same model: it would wait for
    /// itself. Or the model's average is in the place of its parameters.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public Scope Change(string what) => Change(what, isRestoring: false);

    private Scope Change(string what, bool isRestoring)
    {
        Prefetch.RequireNone();
        switch (Held())
        {
            case Kind.Read or Kind.Reader:
                throw new InvalidOperationException($"{what} cannot change the model within an evaluation of it: it would wait until that evaluation ends.");
            case Kind.Change when _isExclusive:
                return default;
            case Kind.Change or Kind.Changer:
                throw new InvalidOperationException(
                    $"{what} cannot change the model within a training step of it: the step's gradient would be that of other parameters.");
        }

        lock (_gate)
        {
            while (_isChanging && !_isClosed)
                Monitor.Wait(_gate);

            ThrowIfClosed();
            if (!isRestoring)
                ThrowIfReplaced(what);

            _isChanging = true;
        }

        return Enter(Kind.Change);
    }

    /// <summary>Access for a change that begins at once.</summary>
    /// <inheritdoc cref="Change(string)"/>
    public Scope Exclusive(string what) => Exclusive(Change(what, isRestoring: false));

    /// <summary>Access to put the parameters back in their place.</summary>
    /// <inheritdoc cref="Change(string)"/>
    public Scope Restoring(string what) => Exclusive(Change(what, isRestoring: true));

    private static Scope Exclusive(Scope scope)
    {
        try
        {
            scope.Exclude();
            return scope;
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    /// <summary>On a thread that computes a part of what another one has access for.</summary>
    /// <param name="kind"><see cref="Kind.Reader"/> or <see cref="Kind.Changer"/>.</param>
    public Scope Join(Kind kind) => Enter(kind);

    /// <summary>Gives no access any more, and frees the memory: now, or when the last one that has access leaves.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (_isClosed)
                return;

            _isClosed = true;
            Monitor.PulseAll(_gate);
            FreeIfUnused();
        }
    }

    private Scope Enter(Kind kind)
    {
        (_held ??= []).Add((this, kind));
        return new Scope(this, kind);
    }

    // What the calling thread holds: the first access, of which the others are part.
    private Kind Held()
    {
        for (int i = 0; i < _held?.Count; i++)
        {
            if (_held[i].Access == this)
                return _held[i].Kind;
        }

        return Kind.None;
    }

    private void Exclude()
    {
        lock (_gate)
        {
            _isExclusive = true;
            while (_readers > 0 && !_isClosed)
                Monitor.Wait(_gate);

            ThrowIfClosed();
        }
    }

    private void Exit(Kind kind)
    {
        _held!.RemoveAt(_held.Count - 1);   // scopes end in the reverse order of their beginning
        if (kind is Kind.Reader or Kind.Changer)
            return;

        lock (_gate)
        {
            if (kind == Kind.Read)
                _readers--;
            else
                (_isChanging, _isExclusive) = (false, false);

            Monitor.PulseAll(_gate);
            FreeIfUnused();
        }
    }

    private void FreeIfUnused()
    {
        if (_isClosed && _readers == 0 && !_isChanging)
            free();
    }

    /// <summary>Access until it is disposed, on the thread that asked for it.</summary>
    internal readonly struct Scope(ModelAccess? access, Kind kind) : IDisposable
    {
        /// <summary>Waits until nobody else reads; from here on the parameters may be changed.</summary>
        /// <exception cref="ObjectDisposedException">The model has been disposed meanwhile.</exception>
        public void Exclude() => access?.Exclude();

        public void Dispose() => access?.Exit(kind);
    }
}
