using System.Diagnostics.CodeAnalysis;
using System.Reflection.Emit;
using BlasNet.Kernels;

namespace BlasNet.Fusion;

/// <summary>The machine code of a fused program.</summary>
/// <param name="places">The first row of each input, then of each buffer that is a result; then a row of zeros.</param>
/// <param name="strides">Elements from one row to the next; 0 for a row that all share.</param>
/// <param name="picks">Of each input, null or where each row starts, counted in elements from its place; −1 for zeros.</param>
/// <param name="length">Elements of a part of a row.</param>
/// <param name="rows">Number of rows.</param>
internal unsafe delegate void FusedCode(void** places, nint* strides, nint** picks, nint length, nint rows);

/// <summary>Writes the code of a fused program: one loop over rows and vectors, in which what one step computes for another stays in a register.</summary>
/// <remarks>
/// The operators' own functions are called once, with vectors that stand for registers: see <see cref="WrittenVector{V, T}"/>. The last vector of
/// a row covers its last elements, some of which the vector before it has covered too, so results must not lie where inputs lie. Rows shorter
/// than a vector are a part of one.
/// </remarks>
internal sealed unsafe class FusedLoopWriter<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)] V, T>
    where V : struct, ISimd<V, T> where T : unmanaged
{
    private readonly DynamicMethod _method;
    private readonly FusedProgram _program;
    private readonly FusedParts _parts;
    private readonly ILGenerator _il;
    private readonly LocalBuilder _at, _count;
    private readonly LocalBuilder[] _rows, _picks;
    private readonly Dictionary<FusedOperand, LocalBuilder> _values = [];

    [RequiresDynamicCode("Writes machine code.")]
    private FusedLoopWriter(FusedProgram program, FusedParts parts)
    {
        (_program, _parts) = (program, parts);
        _method = new("fused", null, [typeof(void**), typeof(nint*), typeof(nint**), typeof(nint), typeof(nint)], typeof(FusedProgram).Module, skipVisibility: true);
        _il = _method.GetILGenerator();
        (_at, _count) = (_il.DeclareLocal(typeof(nint)), _il.DeclareLocal(typeof(nint)));
        _rows = new LocalBuilder[parts.Inputs + program.Buffers.Length];
        for (int i = 0; i < _rows.Length; i++)
            _rows[i] = _il.DeclareLocal(typeof(T*));

        _picks = new LocalBuilder[parts.Inputs];
        for (int i = 0; i < parts.Inputs; i++)
            _picks[i] = _il.DeclareLocal(typeof(nint*));
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
            _il.Emit(OpCodes.Ldloc, operands[i]);
            types[i] = typeof(V);
        }

        return Call(function, types);
    }

    /// <inheritdoc cref="ISimd{V, T}.Constant"/>
    public LocalBuilder Constant(double value)
    {
        _il.Emit(OpCodes.Ldc_R8, value);
        return Call("Constant", [typeof(double)]);
    }

    /// <inheritdoc cref="ISimd{V, T}.Exponent"/>
    public LocalBuilder Exponent(LocalBuilder x, out LocalBuilder significand)
    {
        significand = _il.DeclareLocal(typeof(V));
        _il.Emit(OpCodes.Ldloc, x);
        _il.Emit(OpCodes.Ldloca, significand);
        return Call("Exponent", [typeof(V), typeof(V).MakeByRefType()]);
    }

    // Of what is on the stack.
    private LocalBuilder Call(string function, Type[] types)
    {
        _il.Emit(OpCodes.Call, typeof(V).GetMethod(function, types)!);
        LocalBuilder value = _il.DeclareLocal(typeof(V));
        _il.Emit(OpCodes.Stloc, value);
        return value;
    }

    private void WriteLoops()
    {
        Label row = _il.DefineLabel(), vector = _il.DefineLabel(), rowEnd = _il.DefineLabel(), end = _il.DefineLabel();

        // if (rows <= 0) return;
        _il.Emit(OpCodes.Ldarg_S, (byte)4);
        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Ble, end);
        for (int i = 0; i < _rows.Length; i++)
        {
            PushElement(OpCodes.Ldarg_0, i, sizeof(void*));
            _il.Emit(OpCodes.Stloc, _rows[i]);
        }

        for (int i = 0; i < _picks.Length; i++)
        {
            PushElement(OpCodes.Ldarg_2, i, sizeof(nint*));
            _il.Emit(OpCodes.Stloc, _picks[i]);
        }

        // do { at = 0;
        _il.MarkLabel(row);
        for (int i = 0; i < _picks.Length; i++)
            WritePick(i);

        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Conv_I);
        _il.Emit(OpCodes.Stloc, _at);

        // do { count = min(length - at, Count);
        _il.MarkLabel(vector);
        if (IsPart)
        {
            _il.Emit(OpCodes.Ldarg_3);
            _il.Emit(OpCodes.Ldloc, _at);
            _il.Emit(OpCodes.Sub);
            _il.Emit(OpCodes.Ldc_I4, V.Count);
            _il.Emit(OpCodes.Conv_I);
            _il.Emit(OpCodes.Call, ((Func<nint, nint, nint>)Math.Min).Method);
            _il.Emit(OpCodes.Stloc, _count);
        }

        WriteSteps();

        // at += Count; if (at >= length) break;
        _il.Emit(OpCodes.Ldloc, _at);
        _il.Emit(OpCodes.Ldc_I4, V.Count);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Stloc, _at);
        _il.Emit(OpCodes.Ldloc, _at);
        _il.Emit(OpCodes.Ldarg_3);
        _il.Emit(OpCodes.Bge, rowEnd);

        // at = min(at, length - Count); }
        if (!IsPart)
        {
            _il.Emit(OpCodes.Ldloc, _at);
            _il.Emit(OpCodes.Ldarg_3);
            _il.Emit(OpCodes.Ldc_I4, V.Count);
            _il.Emit(OpCodes.Sub);
            _il.Emit(OpCodes.Call, ((Func<nint, nint, nint>)Math.Min).Method);
            _il.Emit(OpCodes.Stloc, _at);
        }

        _il.Emit(OpCodes.Br, vector);

        // rows[i] += strides[i]; } while (--rows > 0);
        _il.MarkLabel(rowEnd);
        for (int i = 0; i < _rows.Length; i++)
        {
            _il.Emit(OpCodes.Ldloc, _rows[i]);
            PushElement(OpCodes.Ldarg_1, i, sizeof(nint));
            _il.Emit(OpCodes.Ldc_I4, sizeof(T));
            _il.Emit(OpCodes.Mul);
            _il.Emit(OpCodes.Add);
            _il.Emit(OpCodes.Stloc, _rows[i]);
        }

        _il.Emit(OpCodes.Ldarg_S, (byte)4);
        _il.Emit(OpCodes.Ldc_I4_1);
        _il.Emit(OpCodes.Sub);
        _il.Emit(OpCodes.Starg_S, (byte)4);
        _il.Emit(OpCodes.Ldarg_S, (byte)4);
        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Bgt, row);
        _il.MarkLabel(end);
        _il.Emit(OpCodes.Ret);
    }

    // if (picks[i] != null) { row[i] = *picks[i] < 0 ? zeros : places[i] + *picks[i]; picks[i]++; }
    private void WritePick(int input)
    {
        Label end = _il.DefineLabel(), zeros = _il.DefineLabel(), set = _il.DefineLabel();
        _il.Emit(OpCodes.Ldloc, _picks[input]);
        _il.Emit(OpCodes.Brfalse, end);
        _il.Emit(OpCodes.Ldloc, _picks[input]);
        _il.Emit(OpCodes.Ldind_I);
        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Conv_I);
        _il.Emit(OpCodes.Blt, zeros);
        PushElement(OpCodes.Ldarg_0, input, sizeof(void*));
        _il.Emit(OpCodes.Ldloc, _picks[input]);
        _il.Emit(OpCodes.Ldind_I);
        _il.Emit(OpCodes.Ldc_I4, sizeof(T));
        _il.Emit(OpCodes.Mul);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Br, set);
        _il.MarkLabel(zeros);
        PushElement(OpCodes.Ldarg_0, _rows.Length, sizeof(void*));
        _il.MarkLabel(set);
        _il.Emit(OpCodes.Stloc, _rows[input]);
        _il.Emit(OpCodes.Ldloc, _picks[input]);
        _il.Emit(OpCodes.Ldc_I4, sizeof(nint));
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Stloc, _picks[input]);
        _il.MarkLabel(end);
    }

    private void PushElement(OpCode array, int index, int size)
    {
        _il.Emit(array);
        _il.Emit(OpCodes.Ldc_I4, index * size);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Ldind_I);
    }

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

        _il.Emit(OpCodes.Ldloc, _count);
        _il.Emit(OpCodes.Ldc_R8, 0.0);
        return Call("LoadFirst", [typeof(T*), typeof(nint), typeof(double)]);
    }

    private void Write(LocalBuilder value, int buffer, int offset)
    {
        _values.Add(PartOf(FusedSource.Buffer, buffer, offset), value);
        if (_program.Buffers[buffer].Result < 0)
            return;

        _il.Emit(OpCodes.Ldloca, value);
        PushAddress(_parts.Inputs + buffer, offset, isScalar: false);
        if (IsPart)
            _il.Emit(OpCodes.Ldloc, _count);

        _il.Emit(OpCodes.Call, IsPart ? typeof(V).GetMethod("StoreFirst", [typeof(T*), typeof(nint)])! : typeof(V).GetMethod("Store", [typeof(T*)])!);
    }

    // row + (at + offset)
    private void PushAddress(int row, int offset, bool isScalar)
    {
        _il.Emit(OpCodes.Ldloc, _rows[row]);
        _il.Emit(OpCodes.Ldc_I4, offset * sizeof(T));
        _il.Emit(OpCodes.Add);
        if (isScalar)
            return;

        _il.Emit(OpCodes.Ldloc, _at);
        _il.Emit(OpCodes.Ldc_I4, sizeof(T));
        _il.Emit(OpCodes.Mul);
        _il.Emit(OpCodes.Add);
    }
}
