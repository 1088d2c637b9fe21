using System.Diagnostics.CodeAnalysis;
using System.Reflection.Emit;
using BlasNet.Kernels;

namespace BlasNet.Fusion;

/// <summary>The machine code of a fused program.</summary>
/// <param name="places">The first row of each input, then of each buffer that is a result; then a row of zeros.</param>
/// <param name="strides">Elements from one row to the next; 0 for a row that all share.</param>
/// <param name="indices">Of each input, null or where each row starts, counted in elements from its place; −1 for zeros.</param>
/// <param name="length">Elements of a part of a row.</param>
/// <param name="rows">Number of rows.</param>
internal unsafe delegate void FusedCode(void** places, nint* strides, nint** indices, nint length, nint rows);

/// <summary>Writes the code of a fused program: one loop over rows and vectors, in which what one step computes for another stays in a register.</summary>
/// <remarks>
/// The operators' own functions are called once, with vectors that stand for registers: see <see cref="WrittenVector{V, T}"/>. The last vector of a row
/// overlaps the one before it, so results must not lie where inputs lie. A row shorter than a vector is a part of one.
/// </remarks>
internal sealed unsafe class FusedLoopWriter<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)] V, T>
    where V : struct, ISimd<V, T> where T : unmanaged
{
    // Arguments of FusedCode.
    private const int Places = 0, Strides = 1, Indices = 2, Length = 3, RowCount = 4;

    private readonly DynamicMethod _method;
    private readonly FusedProgram _program;
    private readonly FusedParts _parts;
    private readonly CodeWriter _code;
    private readonly LocalBuilder _at, _count;
    private readonly LocalBuilder[] _rows, _indices;
    private readonly Dictionary<FusedOperand, LocalBuilder> _values = [];

    [RequiresDynamicCode("Writes machine code.")]
    private FusedLoopWriter(FusedProgram program, FusedParts parts)
    {
        (_program, _parts) = (program, parts);
        Type[] arguments = [typeof(void**), typeof(nint*), typeof(nint**), typeof(nint), typeof(nint)];
        _method = new("fused", null, arguments, typeof(FusedProgram).Module, skipVisibility: true);
        _code = new CodeWriter(_method.GetILGenerator());
        (_at, _count) = (_code.NewLocal(typeof(nint)), _code.NewLocal(typeof(nint)));
        _rows = NewLocals(parts.Inputs + program.Buffers.Length, typeof(T*));
        _indices = NewLocals(parts.Inputs, typeof(nint*));
    }

    /// <summary>The writer at work on this thread.</summary>
    [field: ThreadStatic]
    public static FusedLoopWriter<V, T>? Current { get; private set; }

    private bool IsPart => _parts.Length < V.Count;

    /// <param name="program">What the code does.</param>
    /// <param name="parts">The program's.</param>
    [RequiresDynamicCode("Writes machine code.")]
    public static FusedCode Write(FusedProgram program, FusedParts parts)
    {
        FusedLoopWriter<V, T> writer = Current = new(program, parts);
        try
        {
            writer.WriteLoops();
        }
        finally
        {
            Current = null;
        }

        FusedCode code = writer._method.CreateDelegate<FusedCode>();
        code(null, null, null, 0, 0);   // compiled now, rather than at its first row
        return code;
    }

    /// <summary>Writes a call of a function of vectors, and returns where its value will be.</summary>
    public LocalBuilder Call(string function, params ReadOnlySpan<LocalBuilder> operands)
    {
        var types = new Type[operands.Length];
        for (int i = 0; i < operands.Length; i++)
        {
            _code.Value(operands[i]);
            types[i] = typeof(V);
        }

        return Call(function, types);
    }

    /// <inheritdoc cref="ISimd{V, T}.Constant"/>
    public LocalBuilder Constant(double value)
    {
        _code.Number(value);
        return Call("Constant", [typeof(double)]);
    }

    /// <inheritdoc cref="ISimd{V, T}.Exponent"/>
    public LocalBuilder Exponent(LocalBuilder x, out LocalBuilder significand)
    {
        significand = _code.NewLocal(typeof(V));
        _code.Value(x).AddressOf(significand);
        return Call("Exponent", [typeof(V), typeof(V).MakeByRefType()]);
    }

    // The operands are on the stack.
    private LocalBuilder Call(string function, Type[] types)
    {
        LocalBuilder value = _code.NewLocal(typeof(V));
        _code.Call(typeof(V).GetMethod(function, types)!).Set(value);
        return value;
    }

    private LocalBuilder[] NewLocals(int count, Type type)
    {
        var locals = new LocalBuilder[count];
        for (int i = 0; i < count; i++)
            locals[i] = _code.NewLocal(type);

        return locals;
    }

    // if (rows <= 0) return; do { … } while (--rows > 0);
    private void WriteLoops()
    {
        Label row = _code.NewLabel(), end = _code.NewLabel();
        _code.Argument(RowCount).Number(0).Jump(OpCodes.Ble, end);
        for (int i = 0; i < _rows.Length; i++)
            PushElement(Places, i, sizeof(void*)).Set(_rows[i]);

        for (int i = 0; i < _indices.Length; i++)
            PushElement(Indices, i, sizeof(nint*)).Set(_indices[i]);

        _code.Mark(row);
        for (int i = 0; i < _indices.Length; i++)
            WriteRowIndex(i);

        WriteRow();
        for (int i = 0; i < _rows.Length; i++)
        {
            _code.Value(_rows[i]);
            PushElement(Strides, i, sizeof(nint)).Number(sizeof(T)).Multiply().Add().Set(_rows[i]);
        }

        _code.Argument(RowCount).Number(1).Subtract().SetArgument(RowCount);
        _code.Argument(RowCount).Number(0).Jump(OpCodes.Bgt, row).Mark(end).Return();
    }

    // at = 0; while (true) { count = min(length - at, Count); …; at += Count; if (at >= length) break; at = min(at, length - Count); }
    private void WriteRow()
    {
        Label vector = _code.NewLabel(), end = _code.NewLabel();
        _code.Number(0).Set(_at).Mark(vector);
        if (IsPart)
            _code.Argument(Length).Value(_at).Subtract().Number(V.Count).Min().Set(_count);

        WriteSteps();
        _code.Value(_at).Number(V.Count).Add().Set(_at);
        _code.Value(_at).Argument(Length).Jump(OpCodes.Bge, end);
        if (!IsPart)
            _code.Value(_at).Argument(Length).Number(V.Count).Subtract().Min().Set(_at);

        _code.Jump(OpCodes.Br, vector).Mark(end);
    }

    // if (indices[i] != null) { row[i] = *indices[i] < 0 ? zeros : places[i] + *indices[i]; indices[i]++; }
    private void WriteRowIndex(int input)
    {
        Label end = _code.NewLabel(), zeros = _code.NewLabel(), set = _code.NewLabel();
        LocalBuilder index = _indices[input];
        _code.Value(index).Jump(OpCodes.Brfalse, end);
        _code.Value(index).Read().Number(0).Jump(OpCodes.Blt, zeros);
        PushElement(Places, input, sizeof(void*)).Value(index).Read().Number(sizeof(T)).Multiply().Add().Jump(OpCodes.Br, set).Mark(zeros);
        PushElement(Places, _rows.Length, sizeof(void*)).Mark(set).Set(_rows[input]);
        _code.Value(index).Number(sizeof(nint)).Add().Set(index).Mark(end);
    }

    private CodeWriter PushElement(int array, int index, int size) => _code.Argument(array).Number(index * size).Add().Read();

    // The steps for one vector of each part.
    private void WriteSteps()
    {
        var operands = new WrittenVector<V, T>[FusedProgram.MaxOperands];
        foreach (FusedStep step in _program.Steps)
        {
            for (int start = 0; start < step.Shape.Rows; start += _parts.Length)
            {
                for (int i = 0; i < step.OperandCount; i++)
                    operands[i] = new WrittenVector<V, T>(ValueOf(_program.OperandsOf(step)[i], step, start));

                WrittenVector<V, T> value = step.Operator is null ? operands[0]
                    : step.Operator.Apply<WrittenVector<V, T>, T>(operands.AsSpan(0, step.OperandCount), step.Attribute);
                Write(value.Place, step.Buffer, step.Offset + start);
            }
        }

        for (int buffer = 0; buffer < _program.Buffers.Length; buffer++)
        {
            for (int start = 0; _program.Buffers[buffer].Cleared && start < _program.Buffers[buffer].Shape.Rows; start += _parts.Length)
            {
                if (!_values.ContainsKey(PartOf(FusedSource.Buffer, buffer, start)))
                    Write(Constant(0), buffer, start);
            }
        }
    }

    private FusedOperand PartOf(FusedSource source, int index, int offset) => new(source, index, offset, new Shape(_parts.Length));

    private LocalBuilder ValueOf(FusedOperand operand, FusedStep step, int start)
    {
        bool isScalar = operand.Shape.Rows < step.Shape.Rows;
        FusedOperand part = isScalar ? operand : PartOf(operand.Source, operand.Index, operand.Offset + start);
        if (!_values.TryGetValue(part, out LocalBuilder? value))
            _values.Add(part, value = operand.Source == FusedSource.Constant ? Constant(_program.Constants[operand.Index]) : Load(part, isScalar));

        return value;
    }

    private LocalBuilder Load(FusedOperand part, bool isScalar)
    {
        PushAddress(part.Index, part.Offset, isScalar);
        if (isScalar)
            return Call("Broadcast", [typeof(T*)]);

        if (!IsPart)
            return Call("Load", [typeof(T*)]);

        _code.Value(_count).Number(0.0);
        return Call("LoadFirst", [typeof(T*), typeof(nint), typeof(double)]);
    }

    private void Write(LocalBuilder value, int buffer, int offset)
    {
        _values.Add(PartOf(FusedSource.Buffer, buffer, offset), value);
        if (_program.Buffers[buffer].Result < 0)
            return;

        _code.AddressOf(value);
        PushAddress(_parts.Inputs + buffer, offset, isScalar: false);
        if (IsPart)
            _code.Value(_count).Call(typeof(V).GetMethod("StoreFirst", [typeof(T*), typeof(nint)])!);
        else
            _code.Call(typeof(V).GetMethod("Store", [typeof(T*)])!);
    }

    // row + (at + offset)
    private void PushAddress(int row, int offset, bool isScalar)
    {
        _code.Value(_rows[row]).Number(offset * sizeof(T)).Add();
        if (!isScalar)
            _code.Value(_at).Number(sizeof(T)).Multiply().Add();
    }
}
