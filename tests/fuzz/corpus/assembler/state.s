.program version=1.0 features=0x0 sbuf=4096 psum=0
.entry first_stream=0 streams=2 variables=2 scalars=0

.stream vector
     0:	tensor_scalar out=sbuf/fp32/p0+1@64[1:1] in0=sbuf/fp32/p0+1@0[1:1] op0=add compute=fp32 imm0=1f wait0=s0>=1 signal=s1+1
     1:	end

.stream dma0
     0:	dma_copy destination=sbuf/fp32/p0+1@0[1:1] source=memory/fp32/v0@0[1:1] signal=s0+1
     1:	dma_copy destination=memory/fp32/v1@0[1:1] source=sbuf/fp32/p0+1@0[1:1]
     2:	dma_copy destination=memory/fp32/v0@0[1:1] source=sbuf/fp32/p0+1@64[1:1] wait0=s1>=1
     3:	end
